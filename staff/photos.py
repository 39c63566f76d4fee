"""Profile photos."""

from uuid import uuid4

from django.forms import ImageField as PhotoFormField  # noqa: F401


def photo_path(profile, filename: str) -> str:
    """Return the generated storage name of a profile photo."""
    return f"photos/{uuid4().hex}.jpg"
