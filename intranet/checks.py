"""System checks: whatever a newcomer can get wrong is said at start, with a way out."""

from email.utils import parseaddr
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.db import NotSupportedError, ProgrammingError, connections
from django.utils.translation import gettext as _

from .folding import FOLDED

ENGINES = ("receiver", "django-cleanup")


@register(Tags.urls)
def check_site_url(app_configs, **kwargs):
    """SITE_URL is an absolute address, because every link in a mail starts with it."""
    parts = urlsplit(settings.SITE_URL)
    if parts.scheme in ("http", "https") and parts.hostname:
        return []
    hint = _('Set it to the address people type, such as "https://intranet.example.com".')
    return [Error(_("SITE_URL is not an absolute address."), hint=hint, id="intranet.E001")]


@register("mail")
def check_sender(app_configs, **kwargs):
    """DEFAULT_FROM_EMAIL is an address, because the outbox refuses every mail without a sender."""
    if "@" in parseaddr(settings.DEFAULT_FROM_EMAIL)[1]:
        return []
    hint = _('Set it to an address, such as "Intranet <intranet@example.com>".')
    return [Error(_("DEFAULT_FROM_EMAIL is not an address."), hint=hint, id="intranet.E003")]


@register("mail")
def check_mail_lease(app_configs, **kwargs):
    """A worker keeps its mail for longer than the server may take, else it is sent twice."""
    if settings.EMAIL_TIMEOUT and settings.MAIL_LEASE > settings.EMAIL_TIMEOUT:
        return []
    hint = _("Set EMAIL_TIMEOUT (seconds) and a MAIL_LEASE (seconds) of several times as much.")
    message = _("MAIL_LEASE is not longer than EMAIL_TIMEOUT, so mails may be sent twice.")
    return [Warning(message, hint=hint, id="intranet.W001")]


@register("files")
def check_file_cleanup(app_configs, **kwargs):
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


@register(Tags.database)
def check_folding(app_configs, databases=None, **kwargs):
    """PostgreSQL can take names apart, else no search works."""
    hint = _("Create it with ENCODING 'UTF8', on a server built with ICU as the usual ones are.")
    message = _("The database cannot compare names without their accents.")
    able = all(can_fold(connections[alias]) for alias in databases or [])
    return [] if able else [Error(message, hint=hint, id="intranet.E004")]


def can_fold(connection) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT " + FOLDED[connection.vendor] % {"expressions": "'É'"})
    except (NotSupportedError, ProgrammingError):
        return False
    return True
