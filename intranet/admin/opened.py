"""What a change page was opened with: it carries that itself, signed."""

import re
from datetime import datetime
from hashlib import sha256

from django.core import signing
from django.db import models, transaction
from django.utils import timezone

FIELD = "_opened"  # the hidden field of the page
SHORT = 100  # characters; of longer texts the page carries the SHA-256
AT = "at"  # when it was opened, among the values
OUTDATED = "This page was opened for something else. Open it anew, and enter your changes there."


def plain(value) -> str | list[str]:
    """Return the value of a field such that JSON can carry it, and that equal ones are equal."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, (list, tuple, models.QuerySet)):
        return sorted(map(plain, value))
    if isinstance(value, datetime):
        return str(value.timestamp())
    text = "" if value is None else str(value).replace("\r\n", "\n").strip()
    return text if len(text) <= SHORT else sha256(text.encode()).hexdigest()


def row(obj, pk=None) -> str:
    """Return what a row is called among the values."""
    return f"{obj._meta.label}:{pk or obj.pk}"


def seal(obj, page_forms) -> str:
    """Return the token for a page of `obj`: the present values in all its forms."""
    values = {row(form.instance): form.present() for form in page_forms if form.instance.pk}
    values[AT] = timezone.now().timestamp()
    return signing.dumps(values, salt=row(obj), compress=True)


def unseal(request, obj) -> dict | None:
    """Return what a page of `obj` was opened with: None when it does not say, {} when forged."""
    if obj is None or FIELD not in request.POST:
        return None
    try:
        return signing.loads(request.POST[FIELD], salt=row(obj))
    except signing.BadSignature:
        return {}


def page_token(request, obj, context) -> str:
    """Return the token to put on a page of `obj`; a forged one stays, so that it stays refused."""
    if unseal(request, obj) == {}:
        return request.POST[FIELD]
    inlines = [form for it in context["inline_admin_formsets"] for form in it.formset.forms]
    return seal(obj, [context["adminform"].form, *inlines])


def lock(obj) -> bool:
    """Lock the row of `obj` until the transaction ends, where rows can be locked; say whether."""
    connection = transaction.get_connection(obj._state.db)
    if not (connection.in_atomic_block and connection.features.has_select_for_update):
        return False
    rows = type(obj)._base_manager.using(obj._state.db).filter(pk=obj.pk)
    return bool(rows.select_for_update(no_key=True).values("pk"))


def leave_out_gone(request, obj, rows, kwargs: dict) -> int:
    """Take the rows of an inline that are not among `rows` any more out of what was sent.

    `kwargs` are those of its formset. Returns how many rows that were.
    """
    opened, prefix = unseal(request, obj) or {}, kwargs["prefix"]
    pk_name, there = rows.model._meta.pk.name, {str(pk) for pk in rows.values_list("pk", flat=True)}
    gone = {
        int(sent[1])
        for name, pk in kwargs["data"].items()
        if (sent := re.fullmatch(rf"{prefix}-(\d+)-{pk_name}", name))
        and row(rows.model, pk) in opened
        and pk not in there
    }
    counts = [f"{prefix}-TOTAL_FORMS", f"{prefix}-INITIAL_FORMS"]
    if not gone or not all(kwargs["data"].get(name, "").isdecimal() for name in counts):
        return 0
    for part in ("data", "files"):
        kwargs[part] = renumbered(kwargs[part], prefix, gone)
    for name in counts:
        kwargs["data"][name] = int(kwargs["data"][name]) - len(gone)
    return len(gone)


def is_forbidden_now(request, obj, inline) -> bool:
    """Return whether the page sent something for `inline` that may no longer be done there."""
    owner, pk_name = inline.opts.get_field(inline.fk_name), inline.opts.pk.name
    prefix, needed = owner.remote_field.get_accessor_name(), set()
    for name in [*request.POST, *request.FILES]:
        sent = re.fullmatch(rf"({prefix}-\d+)-(.+)", name)
        if sent and sent[2] not in (owner.name, pk_name):
            is_old = request.POST.get(f"{sent[1]}-{pk_name}")
            needed.add("delete" if sent[2] == "DELETE" else "change" if is_old else "add")
    return not all(getattr(inline, f"has_{right}_permission")(request, obj) for right in needed)


def renumbered(sent, prefix: str, gone: set[int]):
    """Return what was sent without the inline's rows `gone`, and the later ones moved up."""
    left = sent.copy()
    left.clear()
    for name, values in sent.lists():
        if part := re.fullmatch(rf"{prefix}-(\d+)(-.+)", name):
            number = int(part[1])
            name = (
                ""
                if number in gone
                else f"{prefix}-{number - sum(it < number for it in gone)}{part[2]}"
            )
        if name:
            left.setlist(name, values)
    return left
