"""The engine that most projects start with: remove the file as soon as the row goes.

Here for comparison only; FILE_CLEANUP does not offer it.
"""

import os
from contextlib import suppress

from django.apps import apps
from django.db.models import FileField
from django.db.models.signals import post_delete, pre_save


def file_fields(model):
    return [field for field in model._meta.concrete_fields if isinstance(field, FileField)]


def remove_deleted(sender, instance, **kwargs):
    """Remove the files of a deleted row."""
    for field in file_fields(sender):
        remove(getattr(instance, field.name))


def remove_replaced(sender, instance, **kwargs):
    """Remove the files that a save replaces."""
    old = sender._base_manager.filter(pk=instance.pk).first()
    for field in file_fields(sender) if old else ():
        if getattr(old, field.name) != getattr(instance, field.name):
            remove(getattr(old, field.name))


def remove(file):
    if file:
        with suppress(FileNotFoundError):
            os.remove(file.path)  # noqa: PTH107


def connect():
    for model in filter(file_fields, apps.get_models()):
        post_delete.connect(remove_deleted, sender=model, dispatch_uid=f"naive.{model}")
        pre_save.connect(remove_replaced, sender=model, dispatch_uid=f"naive.{model}")
