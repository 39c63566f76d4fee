"""The resource that django-import-export runs: all rows or none, rehearsed or for good."""

import gc
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.utils.translation import gettext as _
from import_export import fields, resources
from import_export.results import Error, RowResult
from tablib import Dataset

from intranet import progress
from intranet.addresses import key
from intranet.tables import unescape
from intranet.trace.action import Via, batched, collect
from intranet.trace.phrases import phrase
from intranet.trace.plan import CHOSEN
from intranet.trace.rehearsal import rehearse
from intranet.trace.together import create, together
from intranet.vetoes import Veto

from .. import mails
from ..asking import the_same_for_all
from ..models import User
from .columns import COLUMNS, KEYS, check, doubled
from .export import table
from .known import Known
from .rows import PersonRow

BATCH = 500  # rows that are written together
SHOWN = 500  # rows of which the page says what they change
NEW, UPDATE, SKIP, INVALID = (
    getattr(RowResult, f"IMPORT_TYPE_{what}") for what in ("NEW", "UPDATE", "SKIP", "INVALID")
)


@dataclass(slots=True)
class PersonResult:
    """What became of one row. `problems` are (column, value, reason), `changes` (column, before,
    after); `about` is the key of somebody who was there before."""

    line: int
    about: int | None
    who: str
    import_type: str = SKIP
    changes: list = ()
    problems: list = ()
    errors = ()  # what import-export asks for: these would be faults of the program

    @property
    def is_new(self):
        return self.import_type == NEW


class PeopleResource(resources.Resource):
    """Imports and exports people for `actor`; None is the system, which may do everything.

    New people are sent their welcome mail only when `welcome` is true. `import_data` writes all
    rows or none; its result has a PersonResult for each row and `how` it was read; the first ones
    `to_do` have their changes. That of a dry run, which is a rehearsal, has its `plan`.
    """

    class Meta:
        using_db = DEFAULT_DB_ALIAS

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
            act.via, self.act = Via.IMPORT, act
            stack.enter_context(the_same_for_all())
            stack.enter_context(progress.undisturbed())
            if not self.welcome:
                stack.enter_context(mails.welcome_mail.paused())
            result = super().import_data(dataset, **kwargs)
            collect(CHOSEN, [self.seen.hexdigest()])
        return result

    def import_data_inner(self, dataset, *args, **kwargs):
        """Read and write BATCH rows at a time, and then the managers who stood further down."""
        progress.expect(len(dataset), doing=phrase("Going through the rows"))
        self.seen, self.about, self.claimed, self.later = sha256(), {}, {}, []
        self.known = self._look_up(dataset)
        result = self.get_result_class()()
        result.total_rows, result.to_do = len(dataset), []
        lines = zip(dataset.lines, dataset, strict=True)
        columns = [i for i, name in enumerate(dataset.headers) if name in KEYS]
        while rows := [*islice(lines, BATCH)]:
            self.known.look_up({unescape(cells[i]) for _line, cells in rows for i in columns})
            batch = [self._read(*it, dataset.headers) for it in rows]
            self._write([person for _row, person in batch if not person.problems])
            self.act.pack("changes", self._meta.using_db)
            gc.collect(0)  # the forms of the rows, which hold each other
            for row, _person in batch:
                self._keep(row, result)
        for person in self.later:
            person.values = {"manager": self.known.find(person.later)}
            self._write_alone(person, person.save_profile)
        progress.expect(0, doing=phrase("Putting it all together"))
        result.invalid_rows = result.wrong = [row for row in result if row.problems]
        for row in result.wrong:
            row.import_type = INVALID
        result.totals |= Counter(row.import_type for row in result)
        result.all_to_do = result.totals[NEW] + result.totals[UPDATE]
        return result

    def _look_up(self, dataset) -> Known:
        columns = {
            name: set(map(unescape, dataset[name]))
            for name in (*KEYS, "manager")
            if name in dataset.headers
        }
        managers = columns.pop("manager", set())
        return Known(set().union(*columns.values()), managers)

    def _read(self, line: int, cells, headers) -> tuple[PersonResult, PersonRow]:
        """Find out what a row changes, and what is wrong with it."""
        progress.advance()
        person = PersonRow(dict(zip(headers, cells, strict=True)), self.known, self.actor)
        row = PersonResult(line, person.user.pk, person.who)
        row.problems = person.problems
        self._refuse_doubled(line, person)
        person.read()
        if not person.problems:
            row.changes = person.changes
            row.import_type = NEW if person.is_new else UPDATE if row.changes else SKIP
            person.prepare()
        return row, person

    def _refuse_doubled(self, line: int, person: PersonRow) -> None:
        """Refuse a row when one above it is about the same person, or has what is theirs alone."""
        for name in KEYS:
            cell = person.cells.get(name, "")
            claim = name, key(cell) if name == "email" else cell
            first = self.claimed.setdefault(claim, line) if cell else line
            if first != line and (reason := doubled(name, cell, first)):
                person.wrong(name, reason)
        first = line if person.is_new else self.about.setdefault(person.user.pk, line)
        if first != line and not person.problems:
            text = _("Line %(line)d is about %(name)s as well.")
            person.refuse(text % {"line": first, "name": person.user})

    def _write(self, right: list[PersonRow]) -> None:
        """Write those in whom nothing is wrong, all at once; where one is refused, one by one."""
        new = [person for person in right if person.is_new]
        using = self._meta.using_db
        try:
            with transaction.atomic(using=using):
                with together():
                    if new:
                        create([it.user for it in new], using)
                    for person in new:
                        person.join_groups()
                for person in right:
                    if not person.is_new:
                        person.save()
        except (Veto, IntegrityError):
            for person in right:
                person.forget_rows()
            for person in right:
                self._write_alone(person, person.save)
        self.later += [it for it in right if it.later and not it.problems]

    def _write_alone(self, person: PersonRow, save) -> None:
        try:
            with transaction.atomic(using=self._meta.using_db):
                save()
        except Veto as veto:
            person.turn_down(str(veto))
        except IntegrityError:
            person.turn_down(_("Somebody else has this e-mail address or staff number by now."))

    def _keep(self, row: PersonResult, result) -> None:
        """Keep what the page shows of a row."""
        seen = row.line, row.about, row.changes, row.problems
        self.seen.update(repr(seen).encode(errors="replace"))
        if row.changes and len(result.to_do) < SHOWN:
            result.to_do.append(row)
        else:
            row.changes = ()
        result.append_row_result(row)
