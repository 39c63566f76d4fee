"""What somebody holds, which is asked on each page."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission


def permissions_of(user):
    """Return the permissions of a person, which the inactive hold but cannot use.

    They are looked up by key: joined, the memberships of everybody would be read for them.
    """
    person = get_user_model()
    groups = person.groups.through.objects.filter(user=user).values("group")
    by_group = Group.permissions.through.objects.filter(group__in=groups).values("permission")
    by_hand = person.user_permissions.through.objects.filter(user=user).values("permission")
    return Permission.objects.filter(pk__in=by_hand.union(by_group))
