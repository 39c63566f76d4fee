"""Plain functions that make people, and what they have, for tests."""

from datetime import timedelta
from itertools import count

from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from intranet.trace.action import batched
from staff.models import Department, User

_numbers = count(1)


def make_user(username="", *, roles=(), department=None, **fields):
    """Create a person who can sign in with the password "secret", in the given roles."""
    username = username or f"person{next(_numbers)}"
    fields.setdefault("email", f"{username}@example.com")
    fields.setdefault("is_staff", True)
    with batched():
        user = User.objects.create_user(username, password="secret", **fields)
        user.groups.add(*(Group.objects.get(name=role) for role in roles))
        if department:
            user.profile.department = department
            user.profile.save()
    return user


def make_superuser(username="root", **fields):
    """Create a superuser with the password "secret"."""
    return make_user(username, is_superuser=True, **fields)


def day(offset):
    """Return the day that is so many days from today."""
    return timezone.localdate() + timedelta(days=offset)


def permission(code):
    """Return the permission of a code such as "staff.view_user"."""
    app, codename = code.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def make_holder(*codes, **fields):
    """Create somebody who holds just these permissions, by hand."""
    user = make_user(**fields)
    user.user_permissions.add(*map(permission, codes))
    return user


def make_group(name, *codes):
    """Create a group that holds just these permissions."""
    group = Group.objects.create(name=name)
    group.permissions.add(*map(permission, codes))
    return group


def make_department(name="", groups=(), **fields):
    """Create a department whose members get `groups` (names; made when missing)."""
    department = Department.objects.create(name=name or f"Department {next(_numbers)}", **fields)
    department.groups.set(Group.objects.get_or_create(name=group)[0] for group in groups)
    return department
