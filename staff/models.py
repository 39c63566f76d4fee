"""People: who signs in (User), who they are at work (Profile), where they belong (Department)."""

from hashlib import sha256

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Lower
from django.utils import timezone

from intranet.addresses import AddressField, key
from intranet.days import plausible
from intranet.models import AtomicModel

from . import invitations, superusers
from .fields import PasswordField
from .photos import photo_path

single_line = RegexValidator(r"[\r\n]", "Line breaks are not allowed here.", inverse_match=True)
SINGLE_LINE_FIELDS = ("first_name", "last_name", "email")


def has_line_break(field: str) -> Q:
    return Q(**{f"{field}__contains": "\n"}) | Q(**{f"{field}__contains": "\r"})


class UserQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)

    def superusers(self):
        """Those who can do everything, now: active superusers."""
        return self.active().filter(is_superuser=True)

    def at_address(self, address: str):
        """Whoever has this e-mail address, however it is written."""
        return self.alias(lower_email=Lower("email")).filter(lower_email=Lower(Value(key(address))))

    def without_profile(self):
        return self.filter(profile=None)

    def without_default_group(self):
        return self.exclude(groups__name=settings.STAFF_DEFAULT_GROUP)

    def with_invitation(self):
        """Add `invitation`, one of invitations.Invitation, and the mail server's words about it."""
        return self.annotate(
            invitation=invitations.state(), invitation_error=F("password_link__mail__error")
        )

    def update(self, **kwargs):
        """Update as usual, but refuse to leave no active superuser (LastSuperuserError)."""
        if superusers.FIELDS.isdisjoint(kwargs):
            return super().update(**kwargs)
        with superusers.kept(self.db):
            return super().update(**kwargs)

    update.alters_data = True

    def delete(self):
        """Delete as usual; a refusal leaves an outer transaction usable."""
        with transaction.atomic(using=self.db):
            return super().delete()

    delete.alters_data = True
    delete.queryset_only = True


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):
    def admins(self):
        """Return who is told what happens: active superusers and holders of the right to it."""
        return self.with_perm(
            "intranet.receive_notices", backend="django.contrib.auth.backends.ModelBackend"
        )


class User(AtomicModel, AbstractUser):
    first_name = models.CharField(
        "first name", max_length=150, blank=True, validators=[single_line]
    )
    last_name = models.CharField("last name", max_length=150, blank=True, validators=[single_line])
    password = PasswordField("password", max_length=128)
    email = AddressField("e-mail address", validators=[single_line])
    is_staff = models.BooleanField(
        "can sign in",
        default=False,
        help_text="Everybody else is reached by mail and needs no password.",
    )
    is_active = models.BooleanField(
        "active",
        default=True,
        help_text="Off: no sign-in for now. For somebody who leaves, use “Leaves…”.",
    )

    sessions_ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    class Meta:
        ordering = ["last_name", "first_name", "username"]
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_whatever_its_case",
                violation_error_message="Somebody with this e-mail address exists already.",
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

    @property
    def has_password(self):
        """Whether a password was set."""
        return self.has_usable_password()

    def get_session_auth_hash(self):
        return self._until_ended(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self):
        yield from map(self._until_ended, super().get_session_auth_fallback_hash())

    def _until_ended(self, session_hash: str) -> str:
        """Tie sessions to `sessions_ended_at`, too, so that setting it ends all of them."""
        if self.sessions_ended_at is None:
            return session_hash
        return sha256(f"{session_hash}{self.sessions_ended_at.timestamp()}".encode()).hexdigest()


class Department(AtomicModel):
    name = models.CharField(max_length=100, unique=True)
    groups = models.ManyToManyField(
        Group, blank=True, help_text="Whoever belongs to the department is in these groups."
    )
    head = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="heads",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="department_name_unique_whatever_its_case",
                violation_error_message="A department of this name exists already.",
            )
        ]

    def __str__(self):
        return self.name


class ProfileQuerySet(models.QuerySet):
    def due_to_leave(self):
        """Those whose day to leave has come and who have not left yet, inactive or not."""
        return self.filter(left_on__lte=timezone.localdate(), departed_at=None)


class Profile(AtomicModel):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile"
    )
    job_title = models.CharField(max_length=150, blank=True)
    department = models.ForeignKey(
        Department, on_delete=models.SET_NULL, null=True, blank=True, related_name="profiles"
    )
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
    )
    phone = models.CharField(max_length=50, blank=True)
    location = models.CharField(max_length=100, blank=True)
    photo = models.ImageField(upload_to=photo_path, blank=True, max_length=255, db_index=True)
    staff_number = models.CharField(max_length=50, unique=True, null=True, blank=True)
    started_on = models.DateField("first day", null=True, blank=True, validators=[plausible])
    left_on = models.DateField(
        "leaves on", null=True, blank=True, db_index=True, validators=[plausible]
    )
    departed_at = models.DateTimeField("left", null=True, blank=True, editable=False)
    was_inactive = models.BooleanField(null=True, editable=False)  # None: access not ended yet
    successor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Takes over the reports.",
    )
    leaving_note = models.TextField("note", blank=True)

    objects = ProfileQuerySet.as_manager()
    _read = None  # names and values as they were read, until something is written

    class Meta:
        ordering = ["user__last_name", "user__first_name", "user__username"]

    def __str__(self):
        return self.name

    @classmethod
    def from_db(cls, db, field_names, values):
        profile = super().from_db(db, field_names, values)
        profile._read = field_names, values
        return profile

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        self._read = None  # it may yet be rolled back

    def refresh_from_db(self, *args, **kwargs):
        super().refresh_from_db(*args, **kwargs)
        self._read = None

    def changed_fields(self) -> list[str]:
        """Return the names of the fields that differ from the row; it is read only if unknown."""
        deferred = self.get_deferred_fields()
        values = {
            field.attname: getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.attname not in deferred
        }
        if self._read:
            row = dict(zip(*self._read, strict=True))
        else:
            rows = Profile.objects.using(self._state.db).filter(pk=self.pk)
            row = rows.values(*values).first() or values
        return [name for name, value in values.items() if name not in row or row[name] != value]

    @property
    def group_source_id(self):
        """The department whose groups the person is in: none once they have left."""
        return None if self.departed_at else self.department_id

    @property
    def name(self):
        return self.user.name

    @property
    def email(self):
        return self.user.email

    @property
    def username(self):
        return self.user.username


class SignIn(models.Model):
    """A sign-in, a sign-out, or a failure, with the name as it was typed; never a password."""

    class Kind(models.TextChoices):
        SIGNED_IN = "in", "signed in"
        SIGNED_OUT = "out", "signed out"
        FAILED = "failed", "failed"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="sign_ins",
        verbose_name="person",
    )
    username = models.CharField("name as typed", max_length=150)
    kind = models.CharField("what", max_length=6, choices=Kind)
    address = models.GenericIPAddressField("from", null=True, blank=True)
    user_agent = models.CharField("browser", max_length=200, blank=True)
    at = models.DateTimeField("when", default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        verbose_name = "sign-in"
        indexes = [models.Index(fields=["user", "-at"]), models.Index(fields=["at"])]

    def __str__(self):
        return f"{self.username} {self.get_kind_display()}"
