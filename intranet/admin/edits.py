"""Forms that save only what their user changed, though somebody else saved meanwhile.

A change page carries, signed, the values it was opened with. What comes back is compared with them
and with the row as it is now: what was not changed here stays as the row has it, what was changed
here only is written, and what both changed to different values is asked about.
"""

import json
from datetime import date, datetime

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator

from ..actor import current_actor
from ..plaintext import plain_text

FIELD = "_opened"  # the hidden field that carries the values
AT = "at"  # among them: when the page was opened
OUTDATED = "This page was opened for something else. Open it anew, and enter your changes there."
FIXED = "This can no longer be changed here. Open the page anew to see why. Nothing was saved."


def plain(value) -> str | list[str]:
    """Return the value of a field such that JSON can carry it, and that equal ones are equal."""
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, (list, tuple, models.QuerySet)):
        return sorted(map(plain, value))
    if isinstance(value, datetime):
        return str(int(value.timestamp()))  # forms know no fractions of a second
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def key(obj) -> str:
    return f"{obj._meta.label}:{obj.pk}"


def seal(obj, page_forms) -> str:
    """Return the token for a page of `obj`: the present values in all its forms."""
    values = {key(form.instance): form.present() for form in page_forms if form.instance.pk}
    values[AT] = timezone.now().timestamp()
    return signing.dumps(values, salt=key(obj), compress=True)


def unseal(request, obj) -> dict | None:
    """Return what a page of `obj` was opened with: None when it does not say, {} when forged."""
    if obj is None or FIELD not in request.POST:
        return None
    try:
        return signing.loads(request.POST[FIELD], salt=key(obj))
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
    using = transaction.get_connection(obj._state.db)
    if not (using.in_atomic_block and using.features.has_select_for_update):
        return False
    rows = type(obj)._base_manager.using(obj._state.db).filter(pk=obj.pk)
    return bool(rows.select_for_update(no_key=True).values("pk"))


def joined(form: type[forms.ModelForm], request, obj) -> type[forms.ModelForm]:
    """Return `form` made to save only what changes on this page of `obj`."""
    return type(form.__name__, (Edit, form), {"opened": unseal(request, obj), "page_of": obj})


class EditField(forms.BoundField):
    """A field that is read as it was merged, not as it was sent."""

    @property
    def data(self):
        return self.form.merged[self.name] if self.name in self.form.merged else super().data

    def _has_changed(self):
        return self.name not in self.form.kept and super()._has_changed()

    @property
    def is_file(self):
        return isinstance(self.field, forms.FileField)

    def sent(self) -> str | list[str] | None:
        """Return the value that was sent; None for one that cannot be read."""
        if isinstance(self.field, forms.ModelChoiceField):
            return plain(self.data)
        try:
            return plain(self.field.clean(self.data))
        except ValidationError:
            return None

    def was_changed(self, opened) -> bool:
        return self.data is not None if self.is_file else self.sent() != opened

    def keep(self):
        """Read the field as if what is there now had been sent."""
        self.form.kept.add(self.name)
        if isinstance(self.field, forms.MultiValueField):
            self.form.merged[self.name] = self.field.widget.decompress(self.initial)
        elif not self.is_file:
            self.form.merged[self.name] = self.field.prepare_value(self.initial)

    def in_words(self, value) -> str:
        """Return a value of this field as people read it."""
        if isinstance(self.field, forms.ModelChoiceField) and value:
            value = self.field.queryset.model._base_manager.filter(pk=plain(value)).first()
        elif isinstance(value, datetime):
            value = date_format(timezone.localtime(value), "j F Y, H:i")
        elif isinstance(value, date):
            value = date_format(value)
        elif choices := getattr(self.field, "choices", None):
            value = dict(choices).get(value, value)
        elif isinstance(value, str) and not isinstance(self.field.widget, forms.TextInput):
            value = plain_text(value)
        return quoted(value)


def quoted(value) -> str:
    return f"“{Truncator(value).chars(1000)}”" if value else "nothing"


class Edit:
    """Joined to the model forms of a page: `opened` is what that page of `page_of` held."""

    bound_field_class = EditField

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.merged, self.kept = {}, set()
        self.loaded = self.columns()

    def columns(self) -> dict:
        """Return the present value of each column."""
        return {
            field.name: self.instance.__dict__.get(field.attname)
            for field in self.instance._meta.concrete_fields
        }

    def editable(self) -> list[EditField]:
        """Return the fields that are on the page, leaving out those that tie an inline to it."""
        own = {field.name for field in self._meta.model._meta.get_fields()}
        return [it for it in self if it.name in own and not it.field.widget.is_hidden]

    def present(self) -> dict:
        return {it.name: plain(it.initial) for it in self.editable() if not it.field.disabled}

    def full_clean(self):
        self.merged, self.kept, refused = {}, set(), {}
        opened = (self.opened or {}).get(key(self.instance)) if self.is_bound else None
        for bound in self.editable() if opened is not None else ():
            if error := self.merge(bound, opened.get(bound.name)):
                refused[bound] = error
        super().full_clean()
        for bound, error in refused.items():
            self.add_error(bound.name, error(bound))

    def merge(self, bound: EditField, opened):
        """Decide about one field; return what makes the error when it cannot be decided here."""
        if opened is None or not bound.was_changed(opened):
            bound.keep()
        elif bound.field.disabled:
            return lambda bound: FIXED
        elif isinstance(opened, list):
            before, sent = set(opened), set(bound.sent())
            now = set(plain(bound.initial))
            self.merged[bound.name] = sorted(now - (before - sent) | (sent - before))
        elif plain(bound.initial) not in (opened, bound.sent()):
            return self.conflict
        return None

    def conflict(self, bound: EditField) -> str:
        """Return the sentences about a field that somebody else changed, too."""
        who, when = last_change(self.page_of, self.instance, bound.label, self.opened[AT])
        again = "Save again to keep yours."
        if bound.is_file:
            name = getattr(self, "file_name", "")
            theirs = f"put another file here, {quoted(name)}," if name else "put another file here"
            yours = f"chose {quoted(bound.data.name)}" if bound.data else "took it out"
            again = "Do that again and save to keep yours."
        elif isinstance(bound.field.widget, forms.PasswordInput):
            theirs, yours = "changed this", "changed it"
        else:
            typed = self.cleaned_data.get(bound.name, bound.data)
            theirs = f"changed this to {bound.in_words(bound.initial)}"
            yours = f"changed it to {bound.in_words(typed)}"
        return f"{who} {theirs}{when}, while you {yours}. Nothing was saved. {again}"

    def changed_columns(self) -> list[str]:
        """Return the columns to write: those changed on the page, or by the code that saves it."""
        now = self.columns()
        return [
            name
            for name, before in self.loaded.items()
            if (name in self.changed_data if name in self.fields else now[name] != before)
        ]

    def save(self, commit=True):
        if not commit or self.instance._state.adding:
            return super().save(commit)
        instance = super().save(commit=False)
        instance.save(update_fields=self.changed_columns())
        self._save_m2m()
        return instance

    def _save_m2m(self):
        """Add and remove what was ticked and unticked, whatever else is there by now."""
        for field in self.instance._meta.many_to_many:
            if field.name in self.cleaned_data:
                before = {row.pk for row in self.initial.get(field.name, ())}
                chosen = {row.pk for row in self.cleaned_data[field.name]}
                manager = getattr(self.instance, field.name)
                manager.remove(*(before - chosen))
                manager.add(*(chosen - before))


def last_change(page_of, instance, label: str, since: float) -> tuple[str, str]:
    """Return who changed a field last, and when, as the history of its page has it."""
    about = Q()
    for obj in (page_of, instance):
        kind = ContentType.objects.get_for_model(obj)
        about |= Q(content_type=kind, object_id=str(obj.pk))
    opened_at = datetime.fromtimestamp(since, tz=timezone.get_default_timezone())
    entries = LogEntry.objects.filter(about, action_flag=CHANGE, action_time__gte=opened_at)
    for entry in entries.select_related("user").order_by("-action_time")[:50]:
        if label in changed_labels(entry):
            when = date_format(timezone.localtime(entry.action_time), "j F Y, H:i")
            return "You" if entry.user == current_actor() else str(entry.user), f" on {when}"
    return "Somebody", ""


def changed_labels(entry: LogEntry) -> set[str]:
    try:
        parts = json.loads(entry.change_message)
    except ValueError:
        return set()
    return {label for part in parts for label in part.get("changed", {}).get("fields", [])}
