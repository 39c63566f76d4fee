"""What every admin page of the site shares."""

import json
import logging
import re
from contextlib import suppress
from functools import partial

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, transaction
from django.db.models import DateTimeField, QuerySet
from django.http import Http404
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import gettext_noop
from unfold.admin import ModelAdmin

from .. import progress, sidebar
from ..files.disk import FileNotStored, NotStored
from ..trace.action import current
from ..trace.phrases import Said, counted_rows
from ..trace.plan import read
from ..vetoes import is_collision, refuse_early
from .beside import FOLLOW, many_beside
from .bulk import KEYS, ask_to_delete, carried
from .columns import ListColumns
from .edits import FIXED, Edit, EditFormSet, joined
from .filters import AttentionFilter
from .history import HistoryPages, may_see_history
from .keys_first import FlatLists
from .moments import MomentField
from .opened import REFUSED, Page
from .own_lists import OwnLists
from .rehearsing import TakesLong, is_question, receipt, saved_as_shown, shadow
from .search import AutocompleteFields, FoldedSearch, plain_choice

ENDS = re.compile(r"(__(id|pk))?(__(exact|in|isnull))?$|_(from|to)$")  # of a filter's parameters
GONE = _lazy("This was deleted meanwhile. Nothing was saved.")
logger = logging.getLogger(__name__)
gettext_noop("Add %(name)s")  # the theme's, without an article, which French does not do


class UnlockedForms(admin.ModelAdmin):
    """Shows forms that are not to be saved, and waits for nobody who writes to SQLite."""

    def changeform_view(self, request, *args, **kwargs):
        rows_are_locked = connections[self.model._default_manager.db].features.has_select_for_update
        if request.POST.get(REFUSED) and not rows_are_locked:
            return self._changeform_view(request, *args, **kwargs)  # without a transaction
        return super().changeform_view(request, *args, **kwargs)


class SiteAdmin(
    FlatLists,
    OwnLists,
    ListColumns,
    HistoryPages,
    FoldedSearch,
    AutocompleteFields,
    ModelAdmin,
    UnlockedForms,
):
    """Unfold's ModelAdmin with the site's habits, and deletion pages that say what follows."""

    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    warn_unsaved_form = True
    list_sections = []

    only_to_look_at = False

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Save what was shown before, where it is more than what was typed."""

        def answer(there, **shown):
            return self.answer_form(there, object_id, form_url, (extra_context or {}) | shown)

        try:
            return saved_as_shown(request, answer, self.model._default_manager.db)
        except TakesLong as row:
            return many_beside(request, str(row), _lazy("Save"))

    def answer_form(self, request, object_id, form_url, *args, **kwargs):
        """Ask the form anew when what it holds could not be saved, which is rolled back by then.

        A file that could not be stored says so to its field. Where somebody else was faster and
        took an address, say, the form finds out by itself, or else is refused with what was typed.
        """
        if progress.current():  # its page is shown elsewhere
            form_url = request.get_full_path()
        args = object_id, form_url, *args
        for refused in ({}, {REFUSED: "yes"}):
            try:
                return super().changeform_view(request, *args, **kwargs)
            except FileNotStored as failure:
                if not request.FILES:
                    raise
                for field, file in request.FILES.items():
                    request.FILES[field] = NotStored(file.name, failure)
            except DatabaseError as error:
                if not is_collision(error):
                    raise
                logger.exception("a form collided with somebody else's")
                request.POST = request.POST.copy()
                request.POST.update(refused)
        return super().changeform_view(request, *args, **kwargs)

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        if request.method != "POST":
            return super()._get_obj_does_not_exist_redirect(request, opts, object_id)
        self.message_user(request, str(GONE), messages.WARNING)
        return redirect("admin:index")

    def changelist_view(self, request, extra_context=None):
        """Call the list as the sidebar does, and know the rows that a page asked about."""
        if {KEYS, ACTION_CHECKBOX_NAME} & request.POST.keys():
            request.POST, asked = request.POST.copy(), KEYS in request.POST
            keys = carried(request) if asked else request.POST.getlist(ACTION_CHECKBOX_NAME)
            request.POST.setlist(ACTION_CHECKBOX_NAME, list(filter(self.can_be_key, keys)))
        title = sidebar.title_at(sidebar.address(self.model, "changelist"))
        named = {"title": title or capfirst(self.opts.verbose_name_plural)}
        page = super().changelist_view(request, named | (extra_context or {}))
        context = getattr(page, "context_data", None) or {}
        if (shown := context.get("cl")) and (note := context.get("selection_note_all")):
            count = shown.result_count  # which Django writes without separators
            context["selection_note_all"] = note.replace(str(count), number_format(count))
        return page

    def can_be_key(self, text: str) -> bool:
        with suppress(ValidationError):
            self.opts.pk.clean(text, None)
            return True
        return False

    def get_changelist_instance(self, request):
        """Say how many rows are found once, below the list; a number can be beyond all keys."""
        try:
            shown = super().get_changelist_instance(request)
        except OverflowError as error:
            raise IncorrectLookupParameters from error
        shown.full_result_count = shown.result_count
        return shown

    def message_user(self, request, message, level=messages.INFO, *args, **kwargs):
        """Say what was saved or deleted in the words in which it was shown before."""
        act, using = current(), self.model._default_manager.db
        if level == messages.SUCCESS and act:
            if act.plan:  # the page that asked has said it
                return
            act.plan = act.plan or read(act, using, [])
            message = receipt(act, act.plan.sentence) if act.plan.sentence else message
        super().message_user(request, message, level, *args, **kwargs)

    def response_action(self, request, queryset):
        """Run a bulk action whole or not at all, on the rows that are there when it begins.

        A question is asked outside any transaction, so that it keeps nobody waiting.
        """
        if is_question(request):
            return super().response_action(request, queryset)
        with transaction.atomic():
            if connections[queryset.db].features.has_select_for_update:  # else nobody writes now
                chosen = queryset
                if request.POST.get("select_across") != "1":
                    chosen = queryset.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME))
                queryset = queryset.filter(
                    pk__in=list(chosen.order_by().values_list("pk", flat=True))
                )
            return super().response_action(request, queryset)

    def as_stored(self, request, obj):
        """Return a row without what a form that comes back has typed into it."""
        if not obj or request.method != "POST":
            return obj
        return self.get_queryset(request).filter(pk=obj.pk).first() or obj

    def render_change_form(self, request, context, *args, **kwargs):
        """Call the row as it is stored, and lead to the history those who may see it."""
        obj = kwargs.get("obj") or context.get("original")
        if stored := self.as_stored(request, context.get("original")):
            context |= {"original": stored, "subtitle": str(stored)}
        if not self.has_view_or_change_permission(request):
            context["show_back_button"] = ""  # the theme takes anything else for a yes
        context["show_history"] = bool(obj) and may_see_history(request, obj)
        inlines = [form for it in context["inline_admin_formsets"] for form in it.formset.forms]
        page_forms = [context["adminform"].form, *inlines]
        context |= said_of_errors(context["errors"], page_forms)
        for it in context["inline_admin_formsets"]:  # for its tabs: the theme counts one twice
            it.counted_twice = -bool(context["adminform"].form.non_field_errors())
        if obj and self.has_change_permission(request, obj):
            context["opened"] = Page(request, obj).token(page_forms)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_object(self, request, object_id, from_field=None):
        """Read the row once to show it; as nobody else is writing it when it is to be saved."""
        read = vars(request).setdefault("_read", {}) if request.method == "GET" else {}
        if (key := (self.model, object_id, from_field)) not in read:
            read[key] = self.read(request, *key[1:])
        return read[key]

    def read(self, request, object_id, from_field):
        obj = super().get_object(request, object_id, from_field)
        if obj and request.method == "POST" and connections[obj._state.db].in_atomic_block:
            rows = self.model._base_manager.using(obj._state.db).filter(pk=obj.pk)
            list(rows.order_by().select_for_update(no_key=True).values("pk"))
            obj = super().get_object(request, object_id, from_field)
        return obj

    def get_form(self, request, obj=None, change=False, **kwargs):
        page = Page(request, obj)
        if obj and request.method == "POST":
            inlines = (inline(self.model, self.admin_site) for inline in self.inlines)
            if any(page.is_forbidden(inline) for inline in inlines):
                page.refusal = page.refusal or FIXED
        form = joined(kwargs.pop("form", self.form), Edit, page)
        return super().get_form(request, obj, change=change, form=form, **kwargs)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, DateTimeField):
            kwargs.setdefault("form_class", MomentField)
        return plain_choice(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_formsets_with_inlines(self, request, obj=None):
        page = Page(request, obj)
        page.refusal = ""  # which the form itself says
        for inline in self.get_inline_instances(request, obj):
            form = joined(inline.form, Edit, page)
            formset = joined(inline.formset, EditFormSet, page)
            yield inline.get_formset(request, obj, form=form, formset=formset), inline

    def get_inline_formsets(self, *args, **kwargs):
        """Offer a further row in the words of the inline's `add_text`, where it has some."""
        shown = super().get_inline_formsets(*args, **kwargs)
        for it in shown:
            if words := getattr(it.opts, "add_text", ""):
                data = json.loads(it.inline_formset_data())
                data["options"]["addText"] = str(words)
                it.inline_formset_data = partial(json.dumps, data)
        return shown

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "POST" and obj.pk:
            kwargs["queryset"] = kwargs["queryset"].select_for_update(of=("self",), no_key=True)
        return kwargs

    def follow(self, form) -> int:
        """Return about how many rows, or mails, saving a valid form writes besides its own."""
        return 0

    def save_model(self, request, obj, form, change):
        if not (progress.current() or request.FILES) and self.follow(form) > FOLLOW:
            raise TakesLong(obj)
        if not change:
            super().save_model(request, obj, form, change)
        else:
            obj.save(update_fields=form.changed_columns())

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        refuse_early(form.instance._state.db)

    def get_list_filter(self, request):
        return [AttentionFilter, *super().get_list_filter(request)]

    def lookup_allowed(self, lookup, value, request):
        """Filter by what the page offers, and by whom or what a row belongs to.

        Django lets everybody filter by every field, so that secrets can be guessed by letters.
        """
        offered = {owner.name for owner in self.opts.fields if owner.many_to_one}
        for entry in self.get_list_filter(request):
            offered.add(entry[0] if isinstance(entry, tuple) else entry)
        known = {field.name for field in self.opts.get_fields()}
        return lookup.split("__")[0] not in known or ENDS.sub("", lookup) in offered

    def rows_touched(self, rows: QuerySet, chosen: int) -> int:
        """Return about how many rows an action on these chosen ones changes."""
        return chosen

    def words_for(self, rows: QuerySet, chosen: int) -> Said:
        """Return what stands for these chosen rows in a title, in any language."""
        return str(rows.first()) if chosen == 1 else counted_rows(self.model, chosen)

    def one(self, request, object_id: str) -> QuerySet:
        """Return the row a page is about, as a QuerySet; Http404 when there is none."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        return self.get_queryset(request).filter(pk=obj.pk)

    def get_actions_detail(self, request, object_id):
        """Offer what fits the row."""
        obj = self.get_object(request, unquote(object_id))
        offered = super().get_actions_detail(request, object_id)
        return [it for it in offered if obj and it.method.fits(obj)]

    def delete_view(self, request, object_id, extra_context=None):
        """Ask as for many."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not self.has_delete_permission(request, obj):
            return super().delete_view(request, object_id, extra_context)
        name, key = str(obj), obj.pk
        page = ask_to_delete(self, request, self.one(request, object_id), "../change/")
        return page or self.response_delete(shadow(request), name, key)  # all is said by now


def said_of_errors(errors: list, page_forms: list) -> dict:
    """Return how many errors a page has, and the id and label of the first field with one."""
    wrong = sum(1 if isinstance(it, str) else len(it) for it in errors)
    fields = (it for form in page_forms if wrong for it in form if not it.is_hidden)
    first = next((it for it in fields if it.errors), None)
    found = first and {"id": first.id_for_label or first.auto_id, "label": first.label}
    return {"wrong": wrong, "first_wrong": found}


class ReadOnlyAdmin(SiteAdmin):
    """A page to look at: nothing can be added or edited by hand."""

    only_to_look_at = True

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
