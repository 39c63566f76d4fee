"""Search boxes, and the fields that look a row up while somebody types."""

import re
from collections import defaultdict

from django.contrib.admin.utils import NotRelationField, get_fields_from_path
from django.contrib.admin.widgets import AutocompleteSelect, RelatedFieldWidgetWrapper
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, QuerySet
from django.utils.text import smart_split, unescape_string_literal

from ..folding import LONGEST, fold
from ..trigrams import FEW, among, are_kept, is_indexed, is_settled, keys

KEY = re.compile(r"[0-9]{1,18}")


class FoldedSearch:
    """Searches every text in `search_fields` whatever its accents, case and Unicode form."""

    def get_search_fields(self, request):
        return [self.folded(path) for path in super().get_search_fields(request)]

    def get_search_results(self, request, queryset, search_term):
        if len(search_term) > LONGEST:
            return queryset.none(), False
        paths = super().get_search_fields(request)
        found = narrowed(queryset, paths, search_term)
        return super().get_search_results(request, found, search_term)

    def folded(self, path: str) -> str:
        """Return `path` with the lookup for folded text; as it is when it names a way itself."""
        try:
            field = get_fields_from_path(self.model, path)[-1]
        except (FieldDoesNotExist, NotRelationField):
            return path
        return f"{path}__folded" if field.get_lookup("folded") else path


def narrowed(rows: QuerySet, paths: list[str], term: str) -> QuerySet:
    """Return these rows without those that indexes know not to contain the words of a term.

    All are returned where each word is in more than a few, or no index tells.
    """
    words = sorted(words_of(term), key=len, reverse=True)
    texts = texts_of(rows.model, paths, rows.db) if words else {}
    for word in words if texts else []:
        found = rows_with(rows.model, texts, word, rows.db)
        if found is not None:
            rows = rows.filter(pk__in=among(rows.model, found, rows.db))
            rows.query.are_few = True
            return rows
    owners = [owner for _, owner in texts if is_indexed(owner)]
    is_known = len(words) == 1 and owners and all(is_settled(it, rows.db) for it in owners)
    rows.query.are_few = False if is_known else None
    return rows


def are_known_few(rows: QuerySet) -> bool | None:
    """Return whether `narrowed` knows that these are a few, or more; None where it cannot tell."""
    return getattr(rows.query, "are_few", None)


def texts_of(model, paths: list[str], using: str) -> dict:
    """Return {(relation to a model, that model): names of its fields}; {} if no index has them."""
    if not is_indexed(model):
        return {}
    texts = defaultdict(set)
    for path in paths:
        relation, _, name = path.rpartition("__")
        try:
            owner = get_fields_from_path(model, path)[-1].model
        except (FieldDoesNotExist, NotRelationField):
            return {}
        texts[relation, owner].add(name)
    indexed = {it: names for (_, it), names in texts.items() if is_indexed(it)}
    is_known = all(names <= {*it.searched} for it, names in indexed.items())
    return texts if is_known and are_kept(indexed, using) else {}


def words_of(term: str) -> set[str]:
    """Return the words that Django takes a term for, folded."""
    words = set()
    for word in smart_split(term):
        if word[0] in "'\"" and word[0] == word[-1]:
            word = unescape_string_literal(word)
        words.add(fold(word))
    return words - {""}


def rows_with(model, texts: dict, word: str, using: str) -> set | None:
    """Return the keys of at least all rows that have a folded word in one of these texts.

    None where they are more than a few.
    """
    found = set()
    for (relation, owner), names in texts.items():
        if is_indexed(owner):
            there = keys(owner, word, using)
        else:  # such as departments, which are few
            has = Q.create([(f"{it}__folded", word) for it in names], connector=Q.OR)
            there = list(owner._base_manager.using(using).filter(has).values_list("pk", flat=True))
        if there and relation:
            those = {f"{relation}__in": among(owner, there, using)}
            related = model._base_manager.using(using).filter(**those).order_by()
            there = list(related.values_list("pk", flat=True)[: FEW + 1])
        if there is None or len(found.union(there)) > FEW:
            return None
        found.update(there)
    return found


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
