"""Which engine removes files: this project's receivers or the django-cleanup package."""

from django.conf import settings
from django.db.models.signals import post_delete, post_init, post_save, pre_save

from .cleanup import connect_file_cleanup, disconnect_file_cleanup

RECEIVER = "receiver"
DJANGO_CLEANUP = "django-cleanup"
ENGINES = (RECEIVER, DJANGO_CLEANUP)


def connect_engine() -> None:
    """Connect our receivers if they are chosen; an installed package connects its own."""
    if settings.FILE_CLEANUP == RECEIVER:
        connect_file_cleanup()


def switch_engine(setting, value, **kwargs):
    """Connects the engine that a test chooses, in place of the other."""
    if setting == "FILE_CLEANUP":
        disconnect_file_cleanup()
        _disconnect_django_cleanup()
        if value == RECEIVER:
            connect_file_cleanup()
        elif value == DJANGO_CLEANUP:
            _connect_django_cleanup()


def connected_engines() -> list[str]:
    """Return the engines whose receivers are connected to pre_save."""
    uids = [str(lookup_key[0]) for lookup_key, *_ in pre_save.receivers]
    marks = {
        RECEIVER: "intranet.remove_replaced_files",
        DJANGO_CLEANUP: "pre_save_django_cleanup_",
    }
    return [engine for engine in ENGINES if any(uid.startswith(marks[engine]) for uid in uids)]


def _connect_django_cleanup() -> None:
    from django_cleanup import cache, handlers

    cache.prepare(False)
    handlers.connect()


def _disconnect_django_cleanup() -> None:
    from django_cleanup import cache

    signals = {
        "post_init": post_init,
        "pre_save": pre_save,
        "post_save": post_save,
        "post_delete": post_delete,
    }
    for model in cache.cleanup_models():
        for name, signal in signals.items():
            uid = f"{name}_django_cleanup_{cache.get_model_name(model)}"
            signal.disconnect(sender=model, dispatch_uid=uid)
