"""Posts: what is announced, to whom, from when until when."""

from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intranet.days import plausible
from intranet.models import AtomicModel, AtomicQuerySet
from intranet.trace.changes import Tracked
from staff.models import Department


class PostQuerySet(AtomicQuerySet):
    def scheduled(self):
        return self.filter(publish_at__gt=timezone.now()).not_ended()  # which has an index

    def live(self):
        return self.filter(publish_at__lte=timezone.now()).not_ended()

    def ended(self):
        return self.filter(expires_at__lte=timezone.now())

    def ending(self):
        """Live posts that end within a week."""
        return self.live().filter(expires_at__lt=timezone.now() + timedelta(days=7))

    def not_ended(self):
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))

    def meant_for(self, user):
        """Posts whose audience is everybody or the user's department."""
        audience = Post.audience.through.objects.filter(post=OuterRef("pk"))
        own = Department.objects.order_by().filter(profiles__user=user).values("pk")
        return self.filter(~Exists(audience) | Exists(audience.filter(department__in=own)))

    def visible_to(self, user):
        """Posts `user` may open: all for those who edit them, live ones meant for the others."""
        if user.has_perm("documents.change_post"):
            return self
        return self.live().meant_for(user)

    def asking(self):
        """Live posts that ask to be acknowledged."""
        return self.live().filter(asks_acknowledgement=True)

    def due_for_mail(self):
        """Live posts that are to be mailed and have not been."""
        return self.live().filter(mail_audience=True, mailed_at=None)


class Post(AtomicModel):
    title = models.CharField(gettext_lazy("title"), max_length=200)
    body = models.TextField(gettext_lazy("text"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="posts",
        verbose_name=gettext_lazy("author"),
    )
    audience = models.ManyToManyField(
        Department,
        blank=True,
        verbose_name=gettext_lazy("audience"),
        help_text=gettext_lazy("Leave empty for everybody."),
    )
    publish_at = models.DateTimeField(
        gettext_lazy("goes live"), default=timezone.now, validators=[plausible]
    )
    expires_at = models.DateTimeField(
        gettext_lazy("ends"), null=True, blank=True, validators=[plausible]
    )
    pinned = models.BooleanField(
        gettext_lazy("pinned"),
        default=False,
        help_text=gettext_lazy("Stays at the top of the dashboard."),
    )
    mail_audience = models.BooleanField(
        gettext_lazy("mail it to the audience"),
        default=False,
        help_text=gettext_lazy(
            "Once, when the post goes live, to every active person it is meant for."
        ),
    )
    mailed_at = models.DateTimeField(gettext_lazy("mailed"), null=True, blank=True, editable=False)
    asks_acknowledgement = models.BooleanField(
        gettext_lazy("ask to be acknowledged"),
        default=False,
        help_text=gettext_lazy(
            "Each mail has a link by which its reader says, without signing in, that they have "
            "read the post; those who sign in can do so on their dashboard. The page of the post "
            "says who has and who has not. Whoever joins the audience later is asked as well."
        ),
    )

    searched = ("title",)
    objects = PostQuerySet.as_manager()
    history = Tracked(restorable=True, named_by="title")

    class Meta:
        ordering = ["-pinned", "-publish_at", "-pk"]
        verbose_name = gettext_lazy("post")
        verbose_name_plural = gettext_lazy("posts")
        indexes = [
            models.Index(  # what the worker looks for
                fields=["publish_at"],
                condition=Q(mail_audience=True, mailed_at=None),
                name="post_waits_to_be_mailed",
            ),
            models.Index(fields=["-pinned", "-publish_at", "-id"]),
            models.Index(fields=["expires_at", "publish_at"]),  # which are live: few of all
            models.Index(
                fields=["-publish_at"],
                condition=Q(asks_acknowledgement=True),
                name="posts_that_ask",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("publish_at")),
                name="post_ends_after_it_goes_live",
                violation_error_message=gettext_lazy("A post has to end after it goes live."),
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
        return ", ".join(map(str, self.audience.all())) or _("everybody")

    @property
    def version(self) -> str:
        """Return what tells apart the texts that people acknowledged."""
        return sha256(f"{self.title}\n{self.body}".encode()).hexdigest()[:8]

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
