"""Search boxes, and the fields that look a row up while somebody types."""

from django.contrib.admin.utils import NotRelationField, get_fields_from_path
from django.core.exceptions import FieldDoesNotExist

from ..folding import LONGEST


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
