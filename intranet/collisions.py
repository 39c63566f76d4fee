"""Two people changing the same thing at the same moment: the database lets one of them through."""

from django.db import IntegrityError, connections

TRY_AGAIN = (
    "Somebody else changed something that belongs to this at the same moment, so nothing was saved."
)
DEADLOCKS = {"40001", "40P01"}  # SQLSTATE of transactions that waited for each other


def is_collision(error: Exception) -> bool:
    """Return whether an operation that looked right was refused because of what others did."""
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, IntegrityError) or state in DEADLOCKS


def refuse_early(using: str) -> None:
    """Have the database refuse now what it else refuses at the commit, where no view answers."""
    connection = connections[using]
    if connection.features.has_select_for_update:  # elsewhere nobody writes meanwhile
        connection.check_constraints()
