"""What every admin page of the site shares."""

import logging

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DatabaseError, connections, transaction
from django.db.models import DateTimeField
from django.db.models.constants import LOOKUP_SEP
from unfold.admin import ModelAdmin

from ..collisions import TRY_AGAIN, is_collision, refuse_early
from ..files.disk import FileNotStored, NotStored
from ..wording import counted
from .autocomplete import AutocompleteFields
from .bulk import ask_to_delete
from .edits import FIXED, joined
from .moments import MomentField
from .opened import OUTDATED, is_forbidden_now, leave_out_gone, lock, page_token
from .search import FoldedSearch

LEFT_OUT = "of this page went meanwhile, deleted or moved by somebody else: nothing is saved there."
COLLIDED = f"{TRY_AGAIN} What you typed is still here: save it once more."
logger = logging.getLogger(__name__)


class RefusedForm:
    """Joined to a form that must not be saved, for its `refusal`, although it looks right."""

    def clean(self):
        super().clean()
        raise ValidationError(self.refusal)


class SiteAdmin(FoldedSearch, AutocompleteFields, ModelAdmin):
    """Unfold's ModelAdmin with the site's habits, and deletion pages that say what follows."""

    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    warn_unsaved_form = True
    deleted_with_owner = False  # rows go with a person without a right of their own to delete them

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """Show the form again, with an error, when what it holds could not be saved.

        By then the transaction is rolled back. A file that could not be stored is one that says
        so to its field. Where somebody else was faster and took an address, say,
        the form itself finds out when it is asked anew; whatever it cannot find out is put into
        its words by `get_form`.
        """
        for _ in range(3):
            try:
                return super().changeform_view(request, object_id, form_url, extra_context)
            except FileNotStored as failure:
                if not request.FILES:
                    raise
                for field, file in request.FILES.items():
                    request.FILES[field] = NotStored(file.name, failure)
            except DatabaseError as error:
                if not is_collision(error):
                    raise
                logger.exception("a form collided with somebody else's")
                request.collisions = getattr(request, "collisions", 0) + 1
        return super().changeform_view(request, object_id, form_url, extra_context)

    def response_action(self, request, queryset):
        """Run a bulk action whole or not at all, on the rows that are there when it begins."""
        with transaction.atomic():
            if connections[queryset.db].features.has_select_for_update:  # else nobody writes now
                chosen = queryset
                if request.POST.get("select_across") != "1":
                    chosen = queryset.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME))
                queryset = queryset.filter(
                    pk__in=list(chosen.order_by().values_list("pk", flat=True))
                )
            return super().response_action(request, queryset)

    def render_change_form(self, request, context, *args, **kwargs):
        """Lead to the history those who can make some."""
        obj = kwargs.get("obj") or context.get("original")
        if not self.has_change_permission(request, obj):
            context["show_history"] = False
        elif obj:
            context["opened"] = page_token(request, obj, context)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_object(self, request, object_id, from_field=None):
        """Read the row as it is once nobody else is writing it, when it is about to be saved."""
        obj = super().get_object(request, object_id, from_field)
        if obj is None or request.method != "POST" or not lock(obj):
            return obj
        return super().get_object(request, object_id, from_field)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = joined(kwargs.pop("form", self.form), request, obj)
        form = super().get_form(request, obj, change=change, form=form, **kwargs)
        inlines = [inline(self.model, self.admin_site) for inline in self.inlines if obj]
        if form.opened == {}:
            refusal = OUTDATED
        elif any(is_forbidden_now(request, obj, inline) for inline in inlines):
            refusal = FIXED
        elif getattr(request, "collisions", 0) >= 2:
            refusal = COLLIDED
        else:
            return form
        return type(form.__name__, (RefusedForm, form), {"refusal": refusal})

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, DateTimeField):
            kwargs.setdefault("form_class", MomentField)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_formsets_with_inlines(self, request, obj=None):
        for inline in self.get_inline_instances(request, obj):
            form = joined(inline.form, request, obj)
            yield inline.get_formset(request, obj, form=form), inline

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "POST" and obj.pk:
            kwargs["queryset"] = kwargs["queryset"].select_for_update(of=("self",), no_key=True)
            rows = kwargs["queryset"].filter(**{inline.fk_name: obj})
            if gone := leave_out_gone(request, obj, rows, kwargs):
                what = counted(gone, inline.opts.verbose_name, inline.opts.verbose_name_plural)
                self.message_user(request, f"{what} {LEFT_OUT}", messages.WARNING)
        return kwargs

    def save_model(self, request, obj, form, change):
        if not change:
            super().save_model(request, obj, form, change)
        else:
            obj.save(update_fields=form.changed_columns())

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        refuse_early(form.instance._state.db)

    def lookup_allowed(self, lookup, value, request):
        """Filter by what the page offers, and by whom or what a row belongs to.

        Django lets everybody filter by every field, so that secrets can be guessed by letters.
        """
        path, model = [], self.model
        for part in lookup.split(LOOKUP_SEP):
            try:
                field = model._meta.get_field(part)
            except FieldDoesNotExist:
                break
            path.append(part)
            if not field.is_relation:
                break
            model = field.related_model
        offered = {owner.name for owner in self.opts.fields if owner.many_to_one}
        for entry in self.get_list_filter(request):
            offered.add(entry[0] if isinstance(entry, tuple) else entry)
        return not path or LOOKUP_SEP.join(path).removesuffix(f"{LOOKUP_SEP}id") in offered

    def consequences(self, request, objs) -> list[str]:
        """Return sentences for the deletion page: what else happens when `objs` are deleted."""
        return []

    def delete_view(self, request, object_id, extra_context=None):
        """Ask as for many; Django deletes what was confirmed, and says why it cannot."""
        obj, page = self.get_object(request, unquote(object_id)), None
        if obj and self.has_delete_permission(request, obj):
            rows = self.get_queryset(request).filter(pk=obj.pk)
            page = ask_to_delete(self, request, rows, cancel="../change/")
        return page or super().delete_view(request, object_id, extra_context)

    def get_deleted_objects(self, objs, request):
        """Ask for no right to delete what goes with its owner."""
        names, counts, lacking, protected = super().get_deleted_objects(objs, request)
        lacking -= {
            model._meta.verbose_name
            for model, model_admin in self.admin_site._registry.items()
            if getattr(model_admin, "deleted_with_owner", False)
        }
        return names, counts, lacking, protected


class ReadOnlyAdmin(SiteAdmin):
    """A page to look at: nothing can be added or edited by hand."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
