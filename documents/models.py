"""Papers and posts."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from intranet.days import plausible
from intranet.files.uploads import GENERATED, clean_name, known_suffix
from intranet.models import AtomicModel, AtomicQuerySet
from intranet.trace.changes import Tracked
from staff.models import Department


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


class PostQuerySet(AtomicQuerySet):
    def scheduled(self):
        return self.filter(publish_at__gt=timezone.now())

    def live(self):
        return self.filter(publish_at__lte=timezone.now()).not_ended()

    def ended(self):
        return self.filter(expires_at__lte=timezone.now())

    def not_ended(self):
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def meant_for(self, user):
        """Posts whose audience is everybody or the user's department."""
        department = Department.objects.filter(profiles__user=user)
        return self.filter(Q(audience=None) | Q(audience__in=department)).distinct()

    def visible_to(self, user):
        """Posts `user` may open: all for those who edit them, live ones meant for the others."""
        if user.has_perm("documents.change_post"):
            return self
        return self.live().meant_for(user)

    def due_for_mail(self):
        """Live posts that are to be mailed and have not been."""
        return self.live().filter(mail_audience=True, mailed_at=None)


class Post(AtomicModel):
    title = models.CharField(max_length=200)
    body = models.TextField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="posts",
    )
    audience = models.ManyToManyField(
        Department, blank=True, help_text="Leave empty for everybody."
    )
    publish_at = models.DateTimeField("goes live", default=timezone.now, validators=[plausible])
    expires_at = models.DateTimeField("ends", null=True, blank=True, validators=[plausible])
    pinned = models.BooleanField(default=False, help_text="Stays at the top of the dashboard.")
    mail_audience = models.BooleanField(
        "mail it to the audience",
        default=False,
        help_text="Once, when the post goes live, to every active person it is meant for.",
    )
    mailed_at = models.DateTimeField("mailed", null=True, blank=True, editable=False)

    objects = PostQuerySet.as_manager()
    history = Tracked(restorable=True)

    class Meta:
        ordering = ["-pinned", "-publish_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("publish_at")),
                name="post_ends_after_it_goes_live",
                violation_error_message="A post has to end after it goes live.",
            )
        ]

    def __str__(self):
        return self.title

    @property
    def status(self):
        now = timezone.now()
        if self.publish_at > now:
            return "scheduled"
        return "live" if self.expires_at is None or self.expires_at > now else "ended"

    @property
    def audience_text(self):
        return ", ".join(map(str, self.audience.all())) or "everybody"

    def publish_now(self) -> bool:
        """Make the post live from now on, without an end that is past; False if it is live."""
        if self.status == "live":
            return False
        if self.status == "ended":
            self.expires_at = None
        self.publish_at = timezone.now()
        self.save(update_fields=["publish_at", "expires_at"])
        return True

    def end_now(self) -> bool:
        """End a live post; False if it is not live."""
        if self.status != "live":
            return False
        self.expires_at = timezone.now()
        self.save(update_fields=["expires_at"])
        return True
