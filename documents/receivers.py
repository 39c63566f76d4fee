"""What papers and posts do by themselves."""

from django.db.models.signals import pre_save

from . import papers
from .models import Document


def describe_file(sender, instance, raw, using, update_fields, **kwargs):
    """Fill in the name, size, type, checksum and uploader of a paper's new file."""
    if raw or (update_fields is not None and "file" not in update_fields):
        return
    if papers.is_new_file(instance, using):
        facts = papers.describe(instance)
        if update_fields is not None:
            sender.objects.using(using).filter(pk=instance.pk).update(**facts)


def connect():
    pre_save.connect(describe_file, sender=Document, dispatch_uid="documents.describe_file")
