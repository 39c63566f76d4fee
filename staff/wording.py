"""People in sentences."""

from intranet.wording import counted


def people(count: int) -> str:
    """Return "1 person" or "3 people"."""
    return counted(count, "person", "people")
