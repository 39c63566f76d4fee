"""People sorted by what their profiles say, as indexes of those have it: nobody sorts all of them.

By department they are read one department after the other.
"""

from django.db import connections

from intranet.admin.keys_first import MANY

from ..models import Department, Profile, User


class PeopleByDepartment:
    def in_parts(self, rows):
        first, *then = rows.query.order_by or [""]
        by = str(first)  # or an expression
        if by.lstrip("-") == "profile__job_title" and all_have_profiles():
            return [rows.filter(profile__isnull=False).order_by(by, *by_profile(then))]
        if by.lstrip("-") != "profile__department__name":
            return super().in_parts(rows)
        parts = by_department(rows, then)
        return parts[::-1] if by.startswith("-") else parts


def by_department(rows, then: list) -> list:
    """Return the people of each department and of none, in the order of all, each sorted `then`."""
    keys = list(Department.objects.order_by("name").values_list("pk", flat=True)[: MANY + 1])
    if len(keys) > MANY:
        return [rows]
    indexed = rows.order_by(*by_profile(then))
    parts = [indexed.filter(profile__department=key) for key in keys]
    if all_have_profiles():  # else two tables are compared
        of_none = indexed.filter(profile__isnull=False, profile__department=None)
    else:
        of_none = rows.order_by(*then).filter(profile__department=None)
    is_first = connections[rows.db].features.order_by_nulls_first
    return [of_none, *parts] if is_first else [*parts, of_none]


def by_profile(names: list) -> list:
    """Return by what to sort, with the key of people as an index of profiles has it."""
    key = {"pk": "profile__user_id", "-pk": "-profile__user_id"}
    return [key.get(it, it) for it in names]


def all_have_profiles() -> bool:
    return User.objects.count() == Profile.objects.count()
