"""The resource that django-import-export runs: all rows or none, rehearsed or for good."""

from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Max
from import_export import fields, resources
from import_export.instance_loaders import BaseInstanceLoader
from import_export.results import RowResult

from intranet.outbox.models import Mail
from intranet.tables import unescape, written
from intranet.vetoes import Veto
from intranet.wording import counted

from .. import mails
from ..models import Profile, User
from .columns import COLUMNS, KEYS, check, texts
from .known import Known
from .rows import PersonRow


class PersonResult(RowResult):
    """What became of one row. `problems` are (column, value, reason), `changes` (column, before,
    after)."""

    line, who, changes, problems = 0, "", (), ()


@dataclass
class Effects:
    """What happened by itself: counted in the tables, so that no receiver is forgotten."""

    profiles: int
    memberships: int
    newest: int
    mails: int
    given: int = 0
    taken: int = 0

    @classmethod
    def now(cls):
        links = User.groups.through.objects.all()
        newest = links.aggregate(newest=Max("pk"))["newest"] or 0
        return cls(Profile.objects.count(), links.count(), newest, Mail.objects.count())

    def sentences(self) -> list[str]:
        """Say it to whoever is about to confirm."""
        lost = f", {counted(self.taken, 'membership')} taken" if self.taken else ""
        return [
            f"{counted(self.profiles, 'profile')} made.",
            f"{counted(self.given, 'group membership')} given{lost}.",
            f"{counted(self.mails, 'mail')} put into the outbox.",
        ]

    def since(self) -> "Effects":
        """Return what came about since these numbers were taken."""
        now = self.now()
        given = User.groups.through.objects.filter(pk__gt=self.newest).count()
        return Effects(
            profiles=now.profiles - self.profiles,
            memberships=now.memberships - self.memberships,
            newest=now.newest,
            mails=now.mails - self.mails,
            given=given,
            taken=self.memberships + given - now.memberships,
        )


class PeopleResource(resources.Resource):
    """Imports and exports people for `actor`; None is the system, which may do everything.

    New people are sent their welcome mail only when `welcome` is true. `import_data` writes all
    rows or none; its result has a PersonResult for each row, `effects`, `how` it was read, and a
    `digest` of what it changes.
    """

    class Meta:
        using_db = "default"
        instance_loader_class = BaseInstanceLoader  # never asked: see Known
        chunk_size = 1000
        report_skipped = True

    def __init__(self, actor: User | None = None, welcome: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.actor, self.welcome = actor, welcome
        self.fields = {
            name: fields.Field(attribute=name, column_name=label) for name, label in COLUMNS.items()
        }

    @classmethod
    def get_display_name(cls):
        return "People"

    @classmethod
    def get_row_result_class(cls):
        return PersonResult

    def export_resource(self, instance, selected_fields=None, **kwargs):
        cells = texts(instance)
        return [written(cells[it.attribute]) for it in self.get_export_fields(selected_fields)]

    def import_data(self, dataset, dry_run=False, **kwargs):
        """Import all rows or none. Raises UnreadableTable when the columns are not in order."""
        if not hasattr(dataset, "lines"):
            dataset.lines = list(range(2, len(dataset) + 2))
        check(dataset)
        kwargs |= {"use_transactions": True, "rollback_on_validation_errors": True}
        with ExitStack() as stack:
            if not self.welcome:
                stack.enter_context(mails.welcome_mail.paused())
            result = super().import_data(dataset, dry_run, **kwargs)
        result.how = getattr(dataset, "how", None)
        changes = repr([(row.line, row.changes, row.problems) for row in result])
        result.digest = sha256(changes.encode("utf-8", "surrogatepass")).hexdigest()
        return result

    def before_import(self, dataset, **kwargs):
        self.lines, self.about, self.managers = dataset.lines, {}, []
        keys = {cell for name in KEYS for cell in _column(dataset, name)}
        self.known = Known(keys)
        self.known.load(keys | set(_column(dataset, "manager")))
        self.start = Effects.now()

    def import_row(self, row, instance_loader, *, row_number, **kwargs):
        result = PersonResult()
        result.line = self.lines[row_number - 1]
        names = {label: name for name, label in COLUMNS.items()}
        cells = {names[label]: cell for label, cell in row.items()}
        person = PersonRow(cells, self.known, self.actor)
        self._import(person, result)
        result.who = person.who
        if person.problems:
            result.import_type = RowResult.IMPORT_TYPE_INVALID
            result.problems = person.problems
            result.validation_error = ValidationError(
                [f"{column}: {reason}" for column, _, reason in person.problems]
            )
        return result

    def _import(self, person: PersonRow, result: PersonResult) -> None:
        """Read and write one row; what goes wrong is added to its problems."""
        if not person.is_new:
            first = self.about.setdefault(person.user.pk, result.line)
            if first != result.line:
                person.refuse(f"Line {first} is about {person.user} as well.")
        person.read()
        if person.problems:
            return
        result.changes = person.changes
        result.import_type = (
            RowResult.IMPORT_TYPE_NEW
            if person.is_new
            else (RowResult.IMPORT_TYPE_UPDATE if result.changes else RowResult.IMPORT_TYPE_SKIP)
        )
        try:
            person.save()
        except Veto as veto:
            person.refuse(str(veto))
        except IntegrityError:
            person.refuse("Somebody else has this e-mail address or staff number by now.")
        else:
            result.instance = person.user
            if person.later:
                self.managers.append((person.user, person.later))

    def after_import(self, dataset, result, **kwargs):
        """Name the managers who stood further down, and count what happened by itself."""
        for user, key in self.managers:
            user.profile.manager = self.known.find(key)
            user.profile.save(update_fields=["manager"])
        result.effects = self.start.since()


def _column(dataset, name: str) -> list[str]:
    if COLUMNS[name] not in dataset.headers:
        return []
    return [unescape(cell) for cell in dataset[COLUMNS[name]]]
