"""System check of the files: exactly one known engine removes them."""

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, register
from django.utils.translation import gettext as _

ENGINES = ("receiver", "django-cleanup")


@register("files")
def check_file_cleanup(app_configs: object, **kwargs: object) -> list[Error]:
    """FILE_CLEANUP names a known engine, and the package is installed only if it is that."""
    chosen, installed = settings.FILE_CLEANUP, apps.is_installed("django_cleanup")
    if chosen not in ENGINES:
        hint = _("Set FILE_CLEANUP to one of these: %(engines)s.") % {"engines": ", ".join(ENGINES)}
        return [
            Error(
                _("FILE_CLEANUP is “%(engine)s”.") % {"engine": chosen}, hint=hint, id="files.E001"
            )
        ]
    if installed and chosen == "receiver":
        hint = _(
            "Take django_cleanup out of INSTALLED_APPS, or set FILE_CLEANUP to django-cleanup."
        )
        return [Error(_("Two engines remove files."), hint=hint, id="files.E002")]
    if chosen == "django-cleanup" and not installed:
        hint = _('Set FILE_CLEANUP in the environment, or add "django_cleanup" to INSTALLED_APPS.')
        return [Error(_("No engine removes files."), hint=hint, id="files.E003")]
    return []
