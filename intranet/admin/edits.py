"""Forms that save only what their user changed, though somebody else saved meanwhile.

A change page carries, signed, what it was opened with. What comes back is compared with that and
with the row as it is now: what was not changed here stays as the row has it, what was changed here
only is written, and what both changed to different values is asked about.

Django's admin makes forms from classes and gives them nothing else, so their page is put on classes
made for one request: `joined` does that, and nothing else.
"""

from functools import cached_property

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import display_for_value
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME, INITIAL_FORM_COUNT
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ..outbox.plaintext import plain_text
from ..wording import counted
from .opened import Page, label, plain
from .search import RowSelect

FIXED = _lazy(
    "This can no longer be changed here. Open the page anew to see why. Nothing was saved."
)
DELETED_UNSEEN = _lazy("Somebody changed this meanwhile. Save again to delete it all the same.")
LEFT_OUT = _lazy(
    "%(rows)s of this page went meanwhile, deleted or moved by somebody else: nothing is saved "
    "there."
)
CONFLICT = _lazy(
    "%(who)s changed this to %(theirs)s, while you changed it to %(yours)s. Nothing was saved. "
    "Save again to keep yours."
)
CONFLICT_SINCE = _lazy(
    "%(who)s changed this to %(theirs)s on %(when)s, while you changed it to %(yours)s. Nothing "
    "was saved. Save again to keep yours."
)
FILE_CONFLICT = _lazy(
    "%(who)s changed this to %(theirs)s, while you changed it to %(yours)s. Nothing was saved. "
    "Choose it again to keep yours."
)
FILE_CONFLICT_SINCE = _lazy(
    "%(who)s changed this to %(theirs)s on %(when)s, while you changed it to %(yours)s. Nothing "
    "was saved. Choose it again to keep yours."
)


def quoted(value) -> str:
    return _("“%(text)s”") % {"text": Truncator(value).chars(1000)} if value else _("nothing")


class EditField(forms.BoundField):
    """A field that is read as it was merged, not as it was sent."""

    @property
    def data(self):
        return self.form.merged[self.name] if self.name in self.form.merged else super().data

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

    def merge(self, opened) -> str:
        """Decide what the field is, given what the page was opened with; else return the error."""
        was_changed = self.data is not None if self.is_file else self.sent() != opened
        if opened is None or not was_changed:
            self.keep()
        elif self.field.disabled:
            return FIXED
        elif isinstance(opened, list):
            before, sent, now = set(opened), set(self.sent()), set(plain(self.initial))
            self.form.merged[self.name] = sorted(now - (before - sent) | (sent - before))
        elif plain(self.initial) != opened and (self.is_file or self.sent() != plain(self.initial)):
            return CONFLICT
        return ""

    def keep(self):
        """Read the field as if what is there now had been sent."""
        self.form.kept.add(self.name)
        if isinstance(self.field, forms.MultiValueField):
            self.form.merged[self.name] = self.field.widget.decompress(self.initial)
        elif not self.is_file:
            self.form.merged[self.name] = self.field.prepare_value(self.initial)

    def conflict(self) -> str:
        """Return the sentences about a field that somebody else changed, too."""
        form, yours = self.form, self.data
        row = type(form.instance)._base_manager.get(pk=form.instance.pk)
        who, when = form.page.last_change(row, self.name)
        if self.is_file:
            theirs = quoted(getattr(form, "file_name", _("another file")))
            yours = quoted(getattr(yours, "name", ""))
            says = FILE_CONFLICT_SINCE if when else FILE_CONFLICT
        else:
            theirs, says = self.in_words(self.initial), CONFLICT_SINCE if when else CONFLICT
            if self.name in form.cleaned_data:
                yours = self.in_words(form.cleaned_data[self.name])
            else:  # as typed, though it makes no sense
                yours = quoted(" ".join(yours) if isinstance(yours, list) else yours)
        return says % {"who": who, "theirs": theirs, "when": when, "yours": yours}

    def in_words(self, value) -> str:
        """Return a value of this field as people read it."""
        if value and isinstance(self.field, forms.ModelChoiceField):
            value = self.field.queryset.model._base_manager.filter(pk=plain(value)).first()
        elif value and (choices := getattr(self.field, "choices", None)):
            value = dict(choices).get(value, value)
        elif isinstance(value, str) and not isinstance(self.field.widget, forms.TextInput):
            value = plain_text(value)
        return quoted(display_for_value(value, ""))


class Edit:
    """Joined to the model forms of a page."""

    page: Page
    bound_field_class = EditField

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.merged, self.kept = {}, set()
        for name, field in self.fields.items():
            if isinstance(field.widget, RowSelect):
                column = self.instance._meta.get_field(name)
                field.widget.chosen = column.get_cached_value(self.instance, default=None)

    def editable(self) -> list[EditField]:
        """Return the fields that are on the page, leaving out those that tie an inline to it."""
        own = {field.name for field in self._meta.model._meta.get_fields()}
        return [it for it in self if it.name in own and not it.field.widget.is_hidden]

    def present(self) -> dict:
        return {it.name: plain(it.initial) for it in self.editable() if not it.field.disabled}

    def full_clean(self):
        self.merged, self.kept = {}, set()
        opened = (self.page.opened or {}).get(label(self.instance)) if self.is_bound else None
        if opened is None:
            super().full_clean()
        else:
            self.clean_merged(opened)

    def clean_merged(self, opened: dict):
        fields = self.editable()
        refused = {it: error for it in fields if (error := it.merge(opened.get(it.name)))}
        super().full_clean()
        for bound, error in refused.items():
            self.add_error(bound.name, bound.conflict() if error is CONFLICT else error)
        if opened.keys() - self.fields.keys():
            self.add_error(None, FIXED)
        now = self.present()
        changed = any(now.get(name, before) != before for name, before in opened.items())
        if changed and self.cleaned_data.get(DELETION_FIELD_NAME):
            self.cleaned_data[DELETION_FIELD_NAME] = False
            self.add_error(fields[0].name, DELETED_UNSEEN)

    def is_valid(self):
        """Return whether it may be saved: without errors, and not only to look at."""
        return super().is_valid() and not self.page.is_to_look_at

    def clean(self):
        super().clean()
        if self.page.refusal:
            raise ValidationError(self.page.refusal)

    @cached_property
    def changed_data(self):
        self.is_valid()  # what is kept is known once the form is cleaned
        return [name for name in super().changed_data if name not in self.kept]

    def changed_columns(self) -> list[str]:
        """Return the columns to write: those changed on the page."""
        columns = {field.name for field in self.instance._meta.concrete_fields}
        return [name for name in self.changed_data if name in columns]

    def save(self, commit=True):
        columns = None if self.instance._state.adding else self.changed_columns()
        instance = super().save(commit=False)
        self.save_m2m = self.tick
        if commit:
            instance.save(update_fields=columns)
            self.tick()
        return instance

    def tick(self):
        """Add and remove what was ticked and unticked, whatever else is there by now."""
        for field in self.instance._meta.many_to_many:
            if field.name in self.cleaned_data:
                before = {row.pk for row in self.initial.get(field.name, ())}
                chosen = {row.pk for row in self.cleaned_data[field.name]}
                manager = getattr(self.instance, field.name)
                manager.remove(*(before - chosen))
                manager.add(*(chosen - before))


class EditFormSet:
    """Joined to the formsets of a page: rows that went meanwhile are left out, and said to be."""

    page: Page
    gone = 0

    @cached_property
    def empty_form(self):
        """Make it once; a page asks again for its scripts, headings and rows."""
        return super().empty_form

    @cached_property
    def forms(self):
        found, count = super().forms, self.initial_form_count()
        if not self.is_bound:
            return found
        there = [form for form in found[:count] if form.instance.pk]
        self.management_form.cleaned_data[INITIAL_FORM_COUNT] = len(there)
        self.gone = count - len(there)
        return there + found[count:]

    def clean(self):
        super().clean()
        if self.gone:
            opts = self.model._meta
            rows = counted(self.gone, opts.verbose_name, opts.verbose_name_plural)
            messages.warning(self.page.request, LEFT_OUT % {"rows": rows})


def joined(made: type, mixin: type, page: Page) -> type:
    """Return a form or formset class joined to `mixin` for one page."""
    return type(made.__name__, (mixin, made), {"page": page})
