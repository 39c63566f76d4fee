"""People sorted by department, read one department after the other: nobody sorts all of them."""

from django.db import connections

from ..models import Department, Profile, User

MANY = 50  # departments; it would take longer to ask one after the other


class PeopleByDepartment:
    def in_parts(self, rows):
        by, *then = rows.query.order_by or [""]
        if by.lstrip("-") != "profile__department__name":
            return super().in_parts(rows)
        parts = by_department(rows, then)
        return parts[::-1] if by.startswith("-") else parts


def by_department(rows, then: list[str]) -> list:
    """Return the people of each department and of none, in the order of all, each sorted `then`."""
    keys = list(Department.objects.order_by("name").values_list("pk", flat=True)[: MANY + 1])
    if len(keys) > MANY:
        return [rows]
    indexed = rows.order_by(*(it.replace("pk", "profile__user_id") for it in then))
    parts = [indexed.filter(profile__department=key) for key in keys]
    if User.objects.count() == Profile.objects.count():  # else two tables are compared
        of_none = indexed.filter(profile__isnull=False, profile__department=None)
    else:
        of_none = rows.order_by(*then).filter(profile__department=None)
    is_first = connections[rows.db].features.order_by_nulls_first
    return [of_none, *parts] if is_first else [*parts, of_none]
