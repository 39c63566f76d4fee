"""What tests do with stored rows: read them, load them and roll them back."""

import pytest
from django.core import serializers
from django.db import transaction

from staff.models import Profile, User


def group_names(user):
    return set(user.groups.values_list("name", flat=True))


class Undo(Exception):
    """Raised to roll a block back."""


def undone(function):
    """Run `function` in a transaction and roll it back."""
    with pytest.raises(Undo), transaction.atomic():
        function()
        raise Undo


def load(*objects):
    """Bring `objects` into the database as loaddata does."""
    for deserialized in serializers.deserialize("json", serializers.serialize("json", objects)):
        deserialized.save()


def account(user):
    """Return all that is stored of an account, its rights and its profile."""
    return (
        User.objects.filter(pk=user.pk).values().get(),
        Profile.objects.filter(user=user).values().get(),
        sorted(user.groups.values_list("pk", flat=True)),
        sorted(user.user_permissions.values_list("pk", flat=True)),
    )
