"""System checks of papers: exactly one known engine removes files."""

from django.conf import settings
from django.core.checks import Error, register

from .engines import ENGINES, connected_engines


@register("files")
def check_file_cleanup(app_configs, **kwargs):
    """FILE_CLEANUP names a known engine, and that engine alone is connected."""
    chosen, connected = settings.FILE_CLEANUP, connected_engines()
    names = " or ".join(f'"{engine}"' for engine in ENGINES)
    if chosen not in ENGINES:
        hint = f"Set FILE_CLEANUP to {names}."
        return [Error(f"FILE_CLEANUP is {chosen!r}.", hint=hint, id="files.E001")]
    if len(connected) > 1:
        hint = f'Choose one: with FILE_CLEANUP="{chosen}" the other must not be connected.'
        if chosen != "django-cleanup":
            hint += " Take django_cleanup out of INSTALLED_APPS."
        return [Error("Two engines remove files.", hint=hint, id="files.E002")]
    if chosen not in connected:
        hint = 'Set FILE_CLEANUP in the environment, or add "django_cleanup" to INSTALLED_APPS.'
        return [Error(f"{chosen} is not connected.", hint=hint, id="files.E003")]
    return []
