"""The column of passwords, which holds a hash or the mark of having none, whoever writes it."""

import re
from secrets import token_hex

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, identify_hasher
from django.db import models

NONE = re.compile(r"![A-Za-z0-9]{40}")  # as make_password(None) writes it
HASH = re.compile(r"\w+\$.*\$[\w+/=.-]{20,}")  # algorithm, salt and more, digest


def is_hash(text: str) -> bool:
    """Return whether a hasher of this site made `text`; nothing is hashed to find out."""
    try:
        identify_hasher(text)
    except ValueError:
        return False
    return bool(HASH.fullmatch(text))


class PasswordField(models.CharField):
    """Writes "no password" where a text is given that is no hash: the text itself is never kept."""

    def pre_save(self, instance, add):
        password = without_text(super().pre_save(instance, add))
        setattr(instance, self.attname, password)
        return password

    def get_db_prep_save(self, value, connection):
        return super().get_db_prep_save(without_text(value), connection)


def without_text(password):
    """Return `password` as it may be stored: a text that is no hash becomes the mark of none."""
    if not isinstance(password, str) or NONE.fullmatch(password) or is_hash(password):
        return password
    return UNUSABLE_PASSWORD_PREFIX + token_hex(20)
