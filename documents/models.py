"""Papers, posts, and the files that have to go."""

from datetime import timedelta
from functools import reduce
from operator import or_
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from intranet.days import plausible
from intranet.models import AtomicModel
from intranet.uploads import GENERATED, clean_name, known_suffix
from intranet.waiting import has_come
from staff.models import Department

LONGEST_WAIT = timedelta(hours=6)  # of a file that could not be removed


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


document_path.pattern = rf"({'|'.join(Document.FOLDERS.values())})/{GENERATED}(\.\w+)?"


class PostQuerySet(models.QuerySet):
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


class FileRemovalQuerySet(models.QuerySet):
    def pending(self):
        """Removals that are still to be carried out, now or at another attempt."""
        return self.filter(removed_at=None, kept_at=None)

    def due(self):
        longest = LONGEST_WAIT + timedelta(seconds=settings.FILE_REMOVAL_GRACE)
        return self.pending().filter(has_come("due_at", longest))

    def outdated(self):
        """Removals that were closed so long ago that nobody needs them as evidence."""
        limit = timezone.now() - timedelta(days=settings.FILE_REMOVAL_KEEP_DAYS)
        return self.filter(Q(removed_at__lt=limit) | Q(kept_at__lt=limit))

    def failed(self):
        """Removals whose last attempt failed; each is tried again when it is due."""
        return self.in_states(["failed"])

    def in_states(self, states: list[str]):
        """Removals whose `status` is one of `states`."""
        pending = Q(removed_at=None, kept_at=None)
        conditions = {
            "removed": Q(removed_at__isnull=False),
            "kept": Q(kept_at__isnull=False),
            "failed": pending & ~Q(error=""),
            "removing": pending & Q(error="", attempts__gt=0),
            "waiting": pending & Q(error="", attempts=0),
        }
        chosen = [conditions[state] for state in states if state in conditions]
        return self.filter(reduce(or_, chosen)) if chosen else self


class FileRemoval(models.Model):
    """A file that must go: written with the change that orphans it, carried out after commit."""

    class Reason(models.TextChoices):
        DELETED = "deleted", "its row was deleted"
        REPLACED = "replaced", "it was replaced or cleared"
        ORPHANED = "orphaned", "no row named it"

    storage = models.CharField(max_length=255, help_text="Which storage holds the file.")
    name = models.CharField("file", max_length=1024)
    source = models.CharField("field", max_length=255, help_text="app.Model.field")
    reason = models.CharField(max_length=20, choices=Reason)
    created_at = models.DateTimeField("asked for", default=timezone.now)
    due_at = models.DateTimeField("due", default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    removed_at = models.DateTimeField("removed", null=True, blank=True)
    kept_at = models.DateTimeField(
        "kept", null=True, blank=True, help_text="When it turned out that a row still names it."
    )

    objects = FileRemovalQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "file removal"
        indexes = [models.Index(fields=["removed_at", "due_at"])]

    def __str__(self):
        return self.name

    @property
    def status(self):
        """One of removed, kept, failed, removing (or killed while at it) and waiting."""
        if self.removed_at:
            return "removed"
        if self.kept_at:
            return "kept"
        if self.error:
            return "failed"
        return "removing" if self.attempts else "waiting"


class Sweep(models.Model):
    """One night's comparison of storage and database; one worker does it for all."""

    night = models.DateField(unique=True)
    started_at = models.DateTimeField("started", default=timezone.now)
    finished_at = models.DateTimeField("finished", null=True, blank=True)
    findings = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-night"]

    def __str__(self):
        return f"Sweep of {self.night}"


class Identity(models.Model):
    """Which database this is, in one row: the marker in each of its stores says the same."""

    value = models.UUIDField(default=uuid4, editable=False)

    class Meta:
        default_permissions = ()

    def __str__(self):
        return str(self.value)
