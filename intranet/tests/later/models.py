from django.conf import settings
from django.db import models

from intranet.trace.models import Traced


class Badge(models.Model):
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    def __str__(self):
        return f"Badge of {self.holder}"


class Locker(models.Model):
    number = models.CharField(max_length=5)
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)

    def __str__(self):
        return self.number


class KeyReturn(Traced):
    """Somebody has to fetch a key."""

    whose = models.CharField(max_length=150)

    class Meta:
        verbose_name = "key to fetch"
        verbose_name_plural = "keys to fetch"

    def __str__(self):
        return self.whose
