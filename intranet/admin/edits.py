"""Forms that save only what their user changed, though somebody else saved meanwhile.

What comes back from a page is compared with what it was opened with (see opened.py) and with the
row as it is now: what was not changed here stays as the row has it, what was changed here only is
written, and what both changed to different values is asked about.
"""

import json
from datetime import UTC, date, datetime

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator

from ..outbox.plaintext import plain_text
from ..trace.action import current_actor
from .opened import AT, plain, row, unseal

FIXED = "This can no longer be changed here. Open the page anew to see why. Nothing was saved."
DELETED_UNSEEN = "Somebody changed this meanwhile. Save again to delete it all the same."


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

    def says_what_is_there(self) -> bool:
        return not self.is_file and self.sent() == plain(self.initial)

    def keep(self):
        """Read the field as if what is there now had been sent."""
        self.form.kept.add(self.name)
        if isinstance(self.field, forms.MultiValueField):
            self.form.merged[self.name] = self.field.widget.decompress(self.initial)
        elif not self.is_file:
            self.form.merged[self.name] = self.field.prepare_value(self.initial)

    def typed(self) -> str:
        """Return what was sent as people read it, though it may make no sense."""
        if self.name in self.form.cleaned_data:
            return self.in_words(self.form.cleaned_data[self.name])
        return quoted(" ".join(self.data) if isinstance(self.data, list) else self.data)

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
        self.merged, self.kept = {}, set()
        opened = (self.opened or {}).get(row(self.instance)) if self.is_bound else None
        if opened is None:
            super().full_clean()
        else:
            self.clean_merged(opened)

    def clean_merged(self, opened: dict):
        fields = self.editable()
        refused = {it: error for it in fields if (error := self.merge(it, opened.get(it.name)))}
        super().full_clean()
        for bound, error in refused.items():
            self.add_error(bound.name, error(bound))
        if opened.keys() - self.fields.keys():
            self.add_error(None, FIXED)
        now = self.present()
        changed = any(now.get(name, before) != before for name, before in opened.items())
        if changed and self.cleaned_data.get(DELETION_FIELD_NAME):
            self.cleaned_data[DELETION_FIELD_NAME] = False
            self.add_error(fields[0].name, DELETED_UNSEEN)

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
        elif plain(bound.initial) != opened and not bound.says_what_is_there():
            return self.conflict
        return None

    def conflict(self, bound: EditField) -> str:
        """Return the sentences about a field that somebody else changed, too."""
        who, when = self.last_change(bound.label)
        again = "Save again to keep yours."
        if bound.is_file:
            name = getattr(self, "file_name", "")
            theirs = f"put another file here, {quoted(name)}," if name else "put another file here"
            chosen = getattr(bound.data, "name", "")
            yours = f"chose {quoted(chosen)}" if chosen else "took it out"
            again = "Do that again and save to keep yours."
        else:
            theirs = f"changed this to {bound.in_words(bound.initial)}"
            yours = f"changed it to {bound.typed()}"
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

    def last_change(self, label: str) -> tuple[str, str]:
        """Return who changed a field last and when, as the history has it: here or elsewhere."""
        stored = type(self.instance)._base_manager.get(pk=self.instance.pk)
        pages = ((stored, None), (self.page_of, str(stored)))
        found = [entry for page in pages for entry in self.history(*page, label)]
        if not found:
            return "Somebody", ""
        newest = max(found, key=lambda entry: entry.action_time)
        when = date_format(timezone.localtime(newest.action_time), "j F Y, H:i")
        return "You" if newest.user == current_actor() else str(newest.user), f" on {when}"

    def history(self, page_of, name: str | None, label: str) -> list[LogEntry]:
        """Return what a page's history has about a field of it, or of its inline called `name`."""
        entries = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(page_of),
            object_id=str(page_of.pk),
            action_flag=CHANGE,
            action_time__gte=datetime.fromtimestamp(self.opened[AT], tz=UTC),
        )
        return [it for it in entries.select_related("user")[:50] if mentions(it, name, label)]


def mentions(entry: LogEntry, name: str | None, label: str) -> bool:
    if not entry.change_message.startswith("["):
        return False
    changes = [part.get("changed", {}) for part in json.loads(entry.change_message)]
    return any(it.get("object") == name and label in it.get("fields", ()) for it in changes)
