"""People: who signs in (User), who they are at work (Profile), where they belong (Department)."""

from functools import reduce
from hashlib import sha256
from operator import or_

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from intranet.addresses import AddressField, key
from intranet.days import plausible
from intranet.models import AtomicModel, AtomicQuerySet, TrackedModel
from intranet.trace.changes import Tracked

from . import invitations, superusers
from .fields import PasswordField
from .photos import photo_path
from .sign_ins import SignIn  # noqa: F401

single_line = RegexValidator(r"[\r\n]", _("Line breaks are not allowed here."), inverse_match=True)
LEFT = Q(departed_at__isnull=False)
SINGLE_LINE_FIELDS = ("first_name", "last_name", "email")


def has_line_break(field: str) -> Q:
    return Q(**{f"{field}__contains": "\n"}) | Q(**{f"{field}__contains": "\r"})


class UserQuerySet(AtomicQuerySet):
    def active(self):
        return self.filter(is_active=True)

    def superusers(self):
        """Those who can do everything, now: active superusers."""
        return self.active().filter(is_superuser=True)

    def not_left(self):
        """Those who have not left; who did are the fewer, and have an index."""
        return self.exclude(pk__in=Profile.objects.left().values("user"))

    def at_address(self, address: str):
        """Whoever has this e-mail address, however it is written."""
        return self.alias(lower_email=Lower("email")).filter(lower_email=Lower(Value(key(address))))

    def without_profile(self):
        return self.filter(profile=None)

    def without_default_group(self):
        return self.exclude(groups__name=settings.STAFF_DEFAULT_GROUP)

    def with_invitation(self):
        """Add `invitation`, one of invitations.Invitation, when, and the mail server's words."""
        return self.annotate(
            invitation=invitations.state(),
            invited_at=invitations.mailed_at(),
            invitation_error=F("password_link__mail__error"),
        )

    def with_invitation_in(self, states):
        """Those whose invitation is in one of these states."""
        dated = Profile.objects.filter(invite_on__isnull=False).order_by().values("user")
        chosen = (invitations.in_state(it, dated) for it in states)
        by_account = invitations.TOLD_BY_ACCOUNT.issuperset(states)
        return (self if by_account else self.with_invitation()).filter(reduce(or_, chosen))

    def update(self, **kwargs):
        """Update as usual, but refuse to leave no active superuser (LastSuperuserError)."""
        if superusers.FIELDS.isdisjoint(kwargs):
            return super().update(**kwargs)
        with transaction.atomic(using=self.db):
            before = superusers.lock(self.db)
            updated = super().update(**kwargs)
            superusers.keep_some(before, self.db)
        return updated

    update.alters_data = True


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):
    def admins(self):
        """Return who is told what happens: active superusers and holders of the right to it.

        What Django's `with_perm` returns, asked of those who hold it, not of everybody in turn.
        """
        right = {"codename": "receive_notices", "content_type__app_label": "intranet"}
        rights = Permission.objects.filter(**right).values("pk")
        own = User.user_permissions.through.objects.filter(permission__in=rights).values("user")
        by_group = User.groups.through.objects.filter(group__permissions__in=rights).values("user")
        superusers = User.objects.order_by().filter(is_superuser=True).values("pk")
        return self.filter(pk__in=superusers.union(own, by_group), is_active=True)


class User(AtomicModel, AbstractUser):
    first_name = models.CharField(
        _("first name"), max_length=150, blank=True, validators=[single_line]
    )
    last_name = models.CharField(
        _("last name"), max_length=150, blank=True, validators=[single_line]
    )
    password = PasswordField(_("password"), max_length=128)
    email = AddressField(_("e-mail address"), validators=[single_line])
    is_staff = models.BooleanField(
        _("can sign in"),
        default=False,
        help_text=_("Everybody else is reached by mail and needs no password."),
    )
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Off: no sign-in for now. For somebody who leaves, use “Record leaving…”."),
    )

    language = models.CharField(
        _("language"),
        max_length=10,
        blank=True,
        choices=[("", _("As the browser asks")), *settings.LANGUAGES],
        help_text=_("Of pages and mails. Mails to those who chose none are in that of the site."),
    )
    sessions_ended_at = models.DateTimeField(
        _("sessions ended"), null=True, blank=True, editable=False
    )

    searched = ("first_name", "last_name", "username", "email")
    objects = UserManager()
    history = Tracked(skip=frozenset({"last_login", "date_joined"}), hidden=frozenset({"password"}))

    class Meta:
        ordering = ["last_name", "first_name", "username"]
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            models.Index(fields=["last_name", "first_name", "username"]),
            models.Index(fields=["last_login", "-id"]),
            models.Index(fields=["id"], condition=Q(is_superuser=True), name="superusers"),
            models.Index(fields=["id"], condition=Q(is_active=False), name="switched_off"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_whatever_its_case",
                violation_error_message=_("Somebody with this e-mail address exists already."),
            ),
            models.CheckConstraint(condition=~Q(email=""), name="user_email_is_given"),
            models.CheckConstraint(
                condition=Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
                | Q(("password__contains", "$")),
                name="user_password_is_no_text",
            ),
            *(
                models.CheckConstraint(
                    condition=~has_line_break(field), name=f"user_{field}_is_a_single_line"
                )
                for field in SINGLE_LINE_FIELDS
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def name(self):
        return self.get_full_name() or self.username

    def get_session_auth_hash(self):
        return self._until_ended(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self):
        yield from map(self._until_ended, super().get_session_auth_fallback_hash())

    def _until_ended(self, session_hash: str) -> str:
        """Tie sessions to `sessions_ended_at`, too, so that setting it ends all of them."""
        if self.sessions_ended_at is None:
            return session_hash
        return sha256(f"{session_hash}{self.sessions_ended_at.timestamp()}".encode()).hexdigest()


class DepartmentQuerySet(AtomicQuerySet):
    def headless(self):
        """Those that nobody heads, or somebody who has left."""
        return self.filter(Q(head=None) | Q(head__profile__departed_at__isnull=False))


class Department(AtomicModel):
    name = models.CharField(_("name"), max_length=100, unique=True)
    groups = models.ManyToManyField(
        Group,
        blank=True,
        verbose_name=_("groups"),
        help_text=_("Whoever belongs to the department is in these groups."),
    )
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="heads",
        verbose_name=_("head"),
    )

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="department_name_unique_whatever_its_case",
                violation_error_message=_("A department of this name exists already."),
            )
        ]

    def __str__(self):
        return self.name


class ProfileQuerySet(AtomicQuerySet):
    def left(self):
        return self.filter(LEFT)

    def due_to_leave(self):
        """Those whose day to leave has come and who have not left yet, inactive or not."""
        return self.filter(left_on__lte=timezone.localdate(), departed_at=None)

    def due_to_be_invited(self):
        """Those whose day to be invited has come, whether they may still be or not."""
        return self.filter(invite_on__lte=timezone.localdate())


class Profile(TrackedModel):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="profile",
        verbose_name=_("person"),
    )
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    department = models.ForeignKey(
        Department,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="profiles",
        db_index=False,  # "members" has it
        verbose_name=_("department"),
    )
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
        verbose_name=_("manager"),
    )
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    location = models.CharField(_("location"), max_length=100, blank=True)
    photo = models.ImageField(
        _("photo"), upload_to=photo_path, blank=True, max_length=255, db_index=True
    )
    staff_number = models.CharField(
        _("staff number"), max_length=50, unique=True, null=True, blank=True
    )
    started_on = models.DateField(_("first day"), null=True, blank=True, validators=[plausible])
    invite_on = models.DateField(
        _("invitation goes out on"), null=True, blank=True, validators=[plausible]
    )
    left_on = models.DateField(_("leaves on"), null=True, blank=True, validators=[plausible])
    departed_at = models.DateTimeField(_("left"), null=True, blank=True, editable=False)
    was_inactive = models.BooleanField(  # None: access not ended yet
        _("inactive before"), null=True, editable=False
    )
    successor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("successor"),
        help_text=_("Takes over the reports."),
    )
    leaving_note = models.TextField(_("note"), blank=True)

    of_newcomer = False  # being added together with its person
    just_made = None  # what holds as long as the transaction that added it
    searched = ("job_title", "staff_number", "phone")
    objects = ProfileQuerySet.as_manager()
    history = Tracked(part_of="user", skip=frozenset({"was_inactive"}))

    class Meta:
        ordering = ["user__last_name", "user__first_name", "user__username"]
        verbose_name = _("directory entry")
        verbose_name_plural = _("directory entries")
        indexes = [
            models.Index(fields=["user", "departed_at"], condition=LEFT, name="who_left"),
            models.Index(fields=["department", "user"], name="members"),
            models.Index(fields=["job_title", "user"], name="jobs"),
            models.Index(fields=["started_on"], name="first_days"),
            *(
                models.Index(fields=[day], condition=Q((f"{day}__isnull", False)), name=name)
                for day, name in [("invite_on", "planned_invitations"), ("left_on", "last_days")]
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def group_source_id(self):
        """The department whose groups the person is in: none once they have left."""
        return None if self.departed_at else self.department_id

    @property
    def last_day(self):
        """The day on which the person leaves or left, if they do."""
        return self.left_on or (self.departed_at and timezone.localdate(self.departed_at))

    @property
    def name(self):
        return self.user.name

    @property
    def email(self):
        return self.user.email

    @property
    def username(self):
        return self.user.username
