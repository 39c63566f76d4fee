"""Columns of a list that are functions, and may say more of themselves."""

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.html import escape
from django.utils.safestring import mark_safe
from unfold.admin import ModelAdmin, checkbox
from unfold.decorators import display


class ListColumns:
    """Joined to every model admin.

    A column with a `permission` is for those who hold it. One with `prepare(rows)` has that called
    once for the rows of a page, and reads there what it would else have to ask for row by row.
    """

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj):
        """Draw the box of each row without a template of its own."""
        box = '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">'
        name, label = ACTION_CHECKBOX_NAME, checkbox.attrs["aria-label"]
        return mark_safe(box.format(name, escape(obj.pk), escape(label)))

    def get_list_display(self, request):
        columns = super().get_list_display(request)
        needed = [(it, getattr(it, "permission", "")) for it in columns]
        return [it for it, right in needed if not right or request.user.has_perm(right)]

    def changelist_view(self, request, extra_context=None):
        page = super().changelist_view(request, extra_context)
        if shown := (getattr(page, "context_data", None) or {}).get("cl"):
            for column in shown.list_display:
                if prepare := getattr(column, "prepare", None):
                    prepare(shown.result_list)
        return page
