"""What a page that changes something was opened with: it carries that itself, signed."""

import re
from datetime import UTC, datetime
from hashlib import sha256

from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ..trace.models import Change
from ..vetoes import COLLIDED

FIELD = "_opened"  # the hidden field of the page
REFUSED = "_refused"  # said in its place of a form that is not to be saved: why
LOOK = "look"  # for it only shows what saving it does, or what could not be saved
SHORT = 100  # characters; of longer texts the page carries the SHA-256
AT = "at"  # when it was opened, among the values
OUTDATED = _lazy(
    "This page was opened for something else. Open it anew, and enter your changes there."
)


def plain(value) -> str | list[str]:
    """Return the value of a field such that JSON can carry it, and that equal ones are equal."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, (list, tuple, models.QuerySet)):
        return sorted(map(plain, value))
    if isinstance(value, datetime):
        return str(value.replace(second=0, microsecond=0).timestamp())  # as forms show it
    text = "" if value is None else str(value).replace("\r\n", "\n").strip()
    return text if len(text) <= SHORT else sha256(text.encode()).hexdigest()


def label(obj) -> str:
    """Return what a row is called among the values that a page carries."""
    return f"{obj._meta.label}:{obj.pk}"


class Page:
    """A page that changes or adds `obj`, in one request; `refusal` says why it may not."""

    def __init__(self, request, obj):
        self.request, self.obj = request, obj
        refused = request.POST.get(REFUSED, "")
        self.is_to_look_at = refused == LOOK
        self.refusal = "" if refused in ("", LOOK) else COLLIDED
        self.opened = None  # nor does the page say what it was opened with
        if obj and FIELD in request.POST:
            try:
                self.opened = signing.loads(request.POST[FIELD], salt=label(obj))
            except signing.BadSignature:
                self.refusal = OUTDATED

    def token(self, page_forms: list) -> str:
        """Return the present values of all its forms; a forged token stays, and stays refused."""
        if self.refusal == OUTDATED:
            return self.request.POST[FIELD]
        values = {label(form.instance): form.present() for form in page_forms if form.instance.pk}
        values[AT] = timezone.now().timestamp()
        return signing.dumps(values, salt=label(self.obj), compress=True)

    def is_forbidden(self, inline) -> bool:
        """Return whether something was sent for `inline` that may no longer be done there."""
        owner, pk_name = inline.opts.get_field(inline.fk_name), inline.opts.pk.name
        prefix, needed = owner.remote_field.get_accessor_name(), set()
        for name in [*self.request.POST, *self.request.FILES]:
            sent = re.fullmatch(rf"({prefix}-\d+)-(.+)", name)
            if sent and sent[2] not in (owner.name, pk_name):
                is_old = self.request.POST.get(f"{sent[1]}-{pk_name}")
                needed.add("delete" if sent[2] == "DELETE" else "change" if is_old else "add")
        may = {right: getattr(inline, f"has_{right}_permission") for right in needed}
        return not all(allowed(self.request, self.obj) for allowed in may.values())

    def last_change(self, row: models.Model, field: str) -> tuple[str, str]:
        """Return who changed a field since, and when, as the history of the row has it."""
        changes = Change.objects.filter(
            content_type=ContentType.objects.get_for_model(row),
            object_key=str(row.pk),
            values__has_key=field,
            action__at__gte=datetime.fromtimestamp(self.opened[AT], tz=UTC),
        )
        if not (change := changes.select_related("action").last()):
            return _("Somebody"), ""
        action = change.action
        who = _("You") if action.actor_id == self.request.user.pk else capfirst(action.by)
        return who, date_format(timezone.localtime(action.at), "DATETIME_FORMAT")
