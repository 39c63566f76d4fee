"""Finding what a deletion takes along, many rows at a time."""

from django.db.models import Q, deletion

from .trigrams import among


class Collector(deletion.Collector):
    """Django's, which asks for what belongs to 500 rows at a time, with as many parameters."""

    asked = None, None  # rows, and their keys

    def get_del_batches(self, objs, fields):
        return [objs] if lead_to_keys(fields) else super().get_del_batches(objs, fields)

    def related_objects(self, related_model, related_fields, objs):
        if not lead_to_keys(related_fields):
            return super().related_objects(related_model, related_fields, objs)
        if self.asked[0] is not objs:
            self.asked = objs, among(type(objs[0]), [it.pk for it in objs], self.using)
        rows = related_model._base_manager.using(self.using)
        belong = ((f"{it.name}__in", self.asked[1]) for it in related_fields)
        return rows.filter(Q.create([*belong], Q.OR))


def lead_to_keys(fields) -> bool:
    """Return whether these foreign keys all hold primary keys."""
    return all(it.foreign_related_fields == (it.related_model._meta.pk,) for it in fields)
