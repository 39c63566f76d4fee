"""What a test does as one action, and how that is undone."""

from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from intranet.trace.undo import undo


def act(do, user=None, **kwargs):
    """Do something as one action, and return its row."""
    with begin(user, **kwargs) as it, batched():
        do()
    return Action.objects.get(pk=it.id)


def put(row, **values):
    row.refresh_from_db()
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values])


def undone(action, user=None) -> str:
    """Undo an action, and return what stays as it is."""
    with begin(user) as it, batched():
        undo(action)
        return "; ".join(it.collected("left", "default"))


def groups(user):
    return set(user.groups.exclude(name="User").values_list("name", flat=True))
