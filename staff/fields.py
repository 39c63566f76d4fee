"""The column of passwords, which holds a hash or the mark of having none, whoever writes it."""

import re
from contextlib import suppress

from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import models

NONE = re.compile(r"![A-Za-z0-9]{40}")  # as make_password(None) writes it
HASH = re.compile(r"\w+\$.*\$[\w+/=.-]{20,}")  # algorithm, salt and more, digest


class PasswordField(models.CharField):
    """Writes "no password" where a text is given that is no hash: the text itself is never kept."""

    def pre_save(self, instance, add):
        password = without_text(super().pre_save(instance, add))
        setattr(instance, self.attname, password)
        return password

    def get_db_prep_save(self, value, connection):
        return super().get_db_prep_save(without_text(value), connection)


def without_text(password):
    """Return `password` as it may be stored: a text that is no hash becomes the mark of none.

    A hash is what a hasher of this site knows as its own; nothing is hashed to find out.
    """
    if not isinstance(password, str) or NONE.fullmatch(password):
        return password
    with suppress(ValueError):
        identify_hasher(password)
        if HASH.fullmatch(password):
            return password
    return make_password(None)
