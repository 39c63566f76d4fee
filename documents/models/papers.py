"""Papers: CVs, contracts and the like, with their files."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from intranet.days import plausible
from intranet.files.uploads import GENERATED, clean_name, known_suffix
from intranet.models import AtomicModel, AtomicQuerySet
from intranet.trace.changes import Tracked

CURRENT, FORMER = Q(replaced_by=None), Q(replaced_by__isnull=False)


def document_path(document: "Document", filename: str) -> str:
    """Return a generated storage name in the folder of the document's kind.

    Every way to store a file comes through here, so here the uploader's name is kept.
    """
    document.original_name = clean_name(filename)
    return f"{document.folder}/{uuid4().hex}{known_suffix(filename)}"


class DocumentQuerySet(AtomicQuerySet):
    def current(self):
        """Papers that count: all but former versions."""
        return self.filter(CURRENT)

    def former(self):
        return self.filter(FORMER)

    def valid(self):
        """Current papers that have not run out."""
        today = timezone.localdate()
        return self.current().filter(Q(expires_on=None) | Q(expires_on__gte=today))


class Document(AtomicModel):
    class Kind(models.TextChoices):
        CV = "cv", _("CV")
        CONTRACT = "contract", _("Contract")
        CERTIFICATE = "certificate", _("Certificate")
        IDENTITY = "identity", _("Identity paper")
        OTHER = "other", _("Other")

    FOLDERS = {
        Kind.CV: "cvs",
        Kind.CONTRACT: "contracts",
        Kind.CERTIFICATE: "certificates",
        Kind.IDENTITY: "identity",
        Kind.OTHER: "other",
    }

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="documents",
        verbose_name=_("owner"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.CV)
    title = models.CharField(_("title"), max_length=200, blank=True)
    file = models.FileField(_("file"), upload_to=document_path, max_length=255)
    original_name = models.CharField(_("file name"), max_length=255, blank=True, editable=False)
    content_type = models.CharField(_("type"), max_length=100, blank=True, editable=False)
    size = models.PositiveBigIntegerField(_("size"), default=0, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, editable=False)
    expires_on = models.DateField(_("valid until"), null=True, blank=True, validators=[plausible])
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    uploaded_at = models.DateTimeField(_("uploaded"), default=timezone.now, editable=False)
    replaced_by = models.ForeignKey(  # of all former versions the current one
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        db_index=False,  # nearly all of it would be NULL, and chosen before what finds fewer
        related_name="former_versions",
        verbose_name=_("replaced by"),
    )

    searched = ("title", "original_name")
    objects = DocumentQuerySet.as_manager()
    history = Tracked(skip=frozenset({"content_type", "sha256", "uploaded_by", "uploaded_at"}))

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        indexes = [
            models.Index(fields=["-uploaded_at", "-id"], condition=CURRENT, name="current_papers"),
            models.Index(fields=["file"]),  # asked before each removal of a file
            models.Index(fields=["expires_on"], condition=CURRENT, name="current_paper_ends"),
            models.Index(  # of all that is asked, or it is not used alone
                fields=["kind", "owner", "replaced_by"],
                condition=CURRENT,
                name="who_has_which_papers",
            ),
            models.Index(  # PostgreSQL reads it in order, beside the people
                fields=["owner"],
                condition=CURRENT & Q(kind="cv"),
                name="who_has_a_cv",
            ),
            models.Index(fields=["replaced_by"], condition=FORMER, name="former_papers"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(replaced_by=None) | ~Q(replaced_by=F("id")),
                name="paper_does_not_replace_itself",
            )
        ]

    def __str__(self):
        return self.title or self.original_name or str(self.get_kind_display())

    @property
    def folder(self):
        return self.FOLDERS.get(self.kind, "other")


DOCUMENT_NAMES = rf"({'|'.join(Document.FOLDERS.values())})/{GENERATED}(\.\w+)?"
