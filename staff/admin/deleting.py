"""Deleting people: who may be deleted by whom."""

from ..models import User
from ..rights import can_remove


class PeopleDeletion:
    """For the model admin of people."""

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and (not isinstance(obj, User) or can_remove(request.user, obj))
