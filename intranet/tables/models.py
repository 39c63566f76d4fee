"""Tables that somebody uploaded and has not confirmed yet."""

import zlib
from datetime import timedelta
from hashlib import sha256

from django.core import signing
from django.db import models
from django.utils import timezone

from ..queue import purge

CONFIRM_WITHIN = timedelta(days=1)
SALT = "intranet.tables"


class KeptTable(models.Model):
    """A file between its preview and the confirmation, found by whoever has its signed key."""

    key = models.CharField(max_length=64, primary_key=True)  # its SHA-256
    data = models.BinaryField()  # packed
    at = models.DateTimeField(default=timezone.now, db_index=True)

    history = None

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


def keep(data: bytes) -> str:
    """Keep a file for CONFIRM_WITHIN, and return the name by which a page finds it again."""
    key = sha256(data).hexdigest()
    kept = {"data": zlib.compress(data), "at": timezone.now()}
    KeptTable.objects.update_or_create(key=key, defaults=kept)
    return signing.dumps(key, salt=SALT)


def kept(name: str) -> bytes:
    """Return the file of that name. Raises LookupError when it is forged or forgotten."""
    try:
        key = signing.loads(name, salt=SALT, max_age=CONFIRM_WITHIN)
        return zlib.decompress(KeptTable.objects.get(key=key).data)
    except (signing.BadSignature, KeptTable.DoesNotExist) as error:
        raise LookupError(name) from error


def forget_old() -> int:
    return purge(KeptTable.objects.filter(at__lt=timezone.now() - CONFIRM_WITHIN))
