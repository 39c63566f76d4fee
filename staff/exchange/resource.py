"""The resource that django-import-export runs: all rows or none, rehearsed or for good."""

from contextlib import ExitStack

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError
from django.utils.translation import gettext as _
from import_export import fields, resources
from import_export.instance_loaders import BaseInstanceLoader
from import_export.results import Error, RowResult
from tablib import Dataset

from intranet import progress
from intranet.tables import unescape
from intranet.trace.action import Via, batched, collect
from intranet.trace.plan import CHOSEN
from intranet.trace.rehearsal import rehearse
from intranet.vetoes import Veto

from .. import mails
from ..asking import the_same_for_all
from ..models import User
from .columns import COLUMNS, KEYS, check
from .export import table
from .known import Known
from .rows import PersonRow

NEW, UPDATE, SKIP, INVALID = (
    getattr(RowResult, f"IMPORT_TYPE_{what}") for what in ("NEW", "UPDATE", "SKIP", "INVALID")
)


class PersonResult(RowResult):
    """What became of one row. `problems` are (column, value, reason), `changes` (column, before,
    after); `about` is the key of somebody who was there before."""

    line, about, who, changes, problems = 0, None, "", (), ()


class PeopleResource(resources.Resource):
    """Imports and exports people for `actor`; None is the system, which may do everything.

    New people are sent their welcome mail only when `welcome` is true. `import_data` writes all
    rows or none; its result has a PersonResult for each row and `how` it was read. That of a dry
    run, which is a rehearsal, has its `plan`.
    """

    class Meta:
        using_db = DEFAULT_DB_ALIAS
        instance_loader_class = BaseInstanceLoader  # never asked: see Known
        chunk_size = 1000
        report_skipped = True

    def __init__(self, actor: User | None = None, welcome: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.actor, self.welcome = actor or User(is_superuser=True), welcome
        self.fields = {name: fields.Field(attribute=name, column_name=name) for name in COLUMNS}

    @classmethod
    def get_display_name(cls):
        return _("People")

    def export(self, queryset=None, *, export_fields=COLUMNS, **kwargs):
        header, *rows = table(queryset, export_fields)
        return Dataset(*rows, headers=header)

    def import_data(self, dataset, dry_run=False, **kwargs):
        """Import all rows or none. Raises UnreadableTable when the columns are not in order."""
        if not hasattr(dataset, "lines"):
            dataset.lines = list(range(2, len(dataset) + 2))
        check(dataset)
        result = self._rehearse(dataset, kwargs) if dry_run else self._run(dataset, kwargs)
        result.how = getattr(dataset, "how", None)
        result.wrong = [row for row in result if row.problems]
        result.to_do = [row for row in result if row.changes]
        return result

    def _rehearse(self, dataset, kwargs):
        plan = rehearse(lambda: self._run(dataset, kwargs), self._meta.using_db)
        result = plan.answer or self.get_result_class()()
        result.plan = plan
        for reason in plan.refused:
            result.append_base_error(Error(reason))
        return result

    def _run(self, dataset, kwargs):
        """Import as one action; what it shows of each row is part of what is confirmed."""
        kwargs = kwargs | {"use_transactions": True, "rollback_on_validation_errors": True}
        with batched(self._meta.using_db) as act, ExitStack() as stack:
            act.via = Via.IMPORT
            stack.enter_context(the_same_for_all())
            if not self.welcome:
                stack.enter_context(mails.welcome_mail.paused())
            result = super().import_data(dataset, **kwargs)
            collect(CHOSEN, [(it.line, it.about, it.changes, it.problems) for it in result])
        return result

    def before_import(self, dataset, **kwargs):
        progress.expect(len(dataset))
        self.lines, self.about, self.later = dataset.lines, {}, []
        columns = {
            name: set(map(unescape, dataset[name]))
            for name in (*KEYS, "manager")
            if name in dataset.headers
        }
        managers = columns.pop("manager", set())
        self.known = Known(set().union(*columns.values()), managers)

    def import_row(self, row, instance_loader, *, row_number, **kwargs):
        progress.advance()
        person = PersonRow(dict(row), self.known, self.actor)
        result = PersonResult()
        result.line, result.about = self.lines[row_number - 1], person.user.pk
        self._import(person, result)
        result.who, result.problems = person.who, person.problems
        if person.problems:
            result.import_type = INVALID
            reasons = [f"{column}: {reason}" for column, _, reason in person.problems]
            result.validation_error = ValidationError(reasons)
        return result

    def _import(self, person: PersonRow, result: PersonResult) -> None:
        """Read and write one row; what goes wrong is added to its problems."""
        if not person.is_new:
            first = self.about.setdefault(person.user.pk, result.line)
            if first != result.line:
                text = _("Line %(line)d is about %(name)s as well.")
                person.refuse(text % {"line": first, "name": person.user})
        person.read()
        if person.problems:
            return
        result.changes = person.changes
        result.import_type = NEW if person.is_new else UPDATE if result.changes else SKIP
        try:
            person.save()
        except Veto as veto:
            person.refuse(str(veto))
        except IntegrityError:
            person.refuse(_("Somebody else has this e-mail address or staff number by now."))
        if person.later:
            self.later.append(person)

    def after_import(self, dataset, result, **kwargs):
        """Name the managers who stood further down."""
        for person in self.later:
            person.values = {"manager": self.known.find(person.later)}
            person.save_profile()
