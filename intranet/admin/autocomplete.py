"""Fields that look a row up while somebody types."""

import re

from django.contrib.admin.widgets import AutocompleteSelect

KEY = re.compile(r"[0-9]{1,18}")


class RowSelect(AutocompleteSelect):
    """Shows nothing for a key that no row can have, where Django answers with an error 500."""

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [key for key in value if KEY.fullmatch(str(key))], attr)


class AutocompleteFields:
    """For model admins and inlines with `autocomplete_fields`."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", RowSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
