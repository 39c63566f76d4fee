"""What is stored of people, read for tests."""

from staff.models import Profile, User


def group_names(user):
    return set(user.groups.values_list("name", flat=True))


def account(user):
    """Return all that is stored of an account, its rights and its profile."""
    return (
        User.objects.filter(pk=user.pk).values().get(),
        Profile.objects.filter(user=user).values().get(),
        sorted(user.groups.values_list("pk", flat=True)),
        sorted(user.user_permissions.values_list("pk", flat=True)),
    )
