"""Search boxes, and the fields that look a row up while somebody types."""

import re

from django.contrib.admin.utils import NotRelationField, get_fields_from_path
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.core.exceptions import FieldDoesNotExist

from ..folding import LONGEST

KEY = re.compile(r"[0-9]{1,18}")


class FoldedSearch:
    """Searches every text in `search_fields` whatever its accents, case and Unicode form."""

    def get_search_fields(self, request):
        return [self.folded(path) for path in super().get_search_fields(request)]

    def get_search_results(self, request, queryset, search_term):
        if len(search_term) > LONGEST:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def folded(self, path: str) -> str:
        """Return `path` with the lookup for folded text; as it is when it names a way itself."""
        try:
            field = get_fields_from_path(self.model, path)[-1]
        except (FieldDoesNotExist, NotRelationField):
            return path
        return f"{path}__folded" if field.get_lookup("folded") else path


class RowSelect(AutocompleteSelect):
    """Shows nothing for a key that no row can have, where Django answers with an error 500."""

    chosen = None  # the row, where it was read with that of the form

    def optgroups(self, name, value, attr=None):
        keys = [key for key in value if KEY.fullmatch(str(key))]
        if not self.chosen or keys != [str(self.chosen.pk)]:
            return super().optgroups(name, keys, attr)
        none = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        label = self.choices.field.label_from_instance(self.chosen)
        option = self.create_option(name, self.chosen.pk, label, set(keys), len(none))
        return [(None, [*none, option], 0)]


def plain_choice(field):
    """Return a form field without Django's menu that adds and changes the rows to choose from."""
    if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
        field.widget = field.widget.widget
    return field


class AutocompleteFields:
    """For model admins and inlines with `autocomplete_fields`."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", RowSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
