"""User names for people who were given none."""

from collections.abc import Callable
from itertools import count

from django.utils.text import slugify

from .models import User


def is_taken(name: str) -> bool:
    return User.objects.filter(username__iexact=name).exists()


def username_for(email: str, is_taken: Callable[[str], bool] = is_taken) -> str:
    """Return a free user name made from the part of an address before the @."""
    stem = slugify(email.partition("@")[0].replace(".", "-")).replace("-", ".")[:140] or "person"
    names = (f"{stem}{number if number > 1 else ''}" for number in count(1))
    return next(name for name in names if not is_taken(name))
