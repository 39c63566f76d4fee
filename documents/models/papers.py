"""Papers: CVs, contracts and the like, with their files."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone

from intranet.days import plausible
from intranet.files.uploads import GENERATED, clean_name, known_suffix
from intranet.models import AtomicModel
from intranet.trace.changes import Tracked


def document_path(document: "Document", filename: str) -> str:
    """Return a generated storage name in the folder of the document's kind.

    Every way to store a file comes through here, so here the uploader's name is kept.
    """
    document.original_name = clean_name(filename)
    return f"{document.folder}/{uuid4().hex}{known_suffix(filename)}"


class Document(AtomicModel):
    class Kind(models.TextChoices):
        CV = "cv", "CV"
        CONTRACT = "contract", "Contract"
        CERTIFICATE = "certificate", "Certificate"
        IDENTITY = "identity", "Identity paper"
        OTHER = "other", "Other"

    FOLDERS = {
        Kind.CV: "cvs",
        Kind.CONTRACT: "contracts",
        Kind.CERTIFICATE: "certificates",
        Kind.IDENTITY: "identity",
        Kind.OTHER: "other",
    }

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="documents"
    )
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.CV)
    title = models.CharField(max_length=200, blank=True)
    file = models.FileField(upload_to=document_path, max_length=255)
    original_name = models.CharField("file name", max_length=255, blank=True, editable=False)
    content_type = models.CharField("type", max_length=100, blank=True, editable=False)
    size = models.PositiveBigIntegerField("size", default=0, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, editable=False)
    expires_on = models.DateField("valid until", null=True, blank=True, validators=[plausible])
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    uploaded_at = models.DateTimeField("uploaded", default=timezone.now, editable=False)

    history = Tracked(skip=frozenset({"content_type", "sha256", "uploaded_by", "uploaded_at"}))

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        verbose_name = "paper"
        verbose_name_plural = "papers"
        indexes = [models.Index(fields=["file"])]  # asked before each removal of a file

    def __str__(self):
        return self.title or self.original_name or self.get_kind_display()

    @property
    def folder(self):
        return self.FOLDERS.get(self.kind, "other")


DOCUMENT_NAMES = rf"({'|'.join(Document.FOLDERS.values())})/{GENERATED}(\.\w+)?"
