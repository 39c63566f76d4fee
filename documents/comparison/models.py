"""Models with file fields of every kind, each as small as its scenario allows."""

from django.core.files.storage import storages
from django.db import models

DEFAULT_FILE = "defaults/form.txt"


def archive():
    return storages["archive"]


class Owner(models.Model):
    def __str__(self):
        return f"owner {self.pk}"


class Paper(models.Model):
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE, null=True, blank=True)
    title = models.CharField(max_length=50, blank=True)
    file = models.FileField(upload_to="papers", blank=True)

    def __str__(self):
        return self.file.name


class PaperProxy(Paper):
    class Meta:
        proxy = True


class Copy(models.Model):
    """A second model whose rows may name the files of papers."""

    file = models.FileField(upload_to="papers", null=True, blank=True)

    def __str__(self):
        return str(self.file)


class Archived(models.Model):
    """Its files are in a storage of their own."""

    file = models.FileField(upload_to="papers", storage=archive)

    def __str__(self):
        return self.file.name


class Sheet(models.Model):
    front = models.FileField(upload_to="sheets", blank=True)
    back = models.FileField(upload_to="sheets", blank=True)

    def __str__(self):
        return self.front.name


class Form(models.Model):
    file = models.FileField(upload_to="forms", default=DEFAULT_FILE)

    def __str__(self):
        return self.file.name


class Attachment(models.Model):
    file = models.FileField(upload_to="attachments")

    class Meta:
        abstract = True

    def __str__(self):
        return self.file.name


class Note(Attachment):
    pass


class Place(models.Model):
    plan = models.FileField(upload_to="places", blank=True)

    def __str__(self):
        return self.plan.name


class Restaurant(Place):
    menu = models.FileField(upload_to="places", blank=True)
