"""Making, importing, exporting and deleting people, beside raw SQL."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import tablib
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from import_export.resources import modelresource_factory

from documents.models import Document
from intranet.files.removal import carry_out_removals
from intranet.models import Action, FileRemoval
from intranet.progress import undisturbed
from intranet.trace.effects import all_paused
from staff.exchange import COLUMNS, PeopleResource, as_csv, table
from staff.models import Department, Profile, User

from .clock import Line, Way, medians, seconds
from .filling import of_size
from .history import fill, without

OF_EXPORT = """SELECT staff_number, u.email, u.first_name, u.last_name, job_title, d.name, m.email,
 phone, location, started_on, left_on, u.is_staff, u.is_active
 FROM staff_user u JOIN staff_profile p ON p.user_id = u.id
 LEFT JOIN staff_department d ON d.id = department_id LEFT JOIN staff_user m ON m.id = manager_id
 ORDER BY u.last_name, u.first_name, u.username"""


BY_HAND = [
    "UPDATE documents_post SET author_id = NULL WHERE author_id IN TAG",
    "DELETE FROM documents_document WHERE owner_id IN TAG",
    "DELETE FROM staff_profile WHERE user_id IN TAG",
    "DELETE FROM staff_user WHERE id IN TAG",
]


def people(few: int, many: int, million: bool) -> Iterator[Line]:
    """What makes, reads, writes and deletes people, five times `few` of them; an export `many`."""
    with of_size(few):
        Department.objects.create(name="Sales").groups.add(Group.objects.create(name="Sellers"))
        yield making(few)
        yield importing(5 * few)
        with all_paused():
            yield deleting(5 * few)
    with of_size(many):
        yield from exporting(many)
        Department.objects.create(name="Sales").groups.add(Group.objects.create(name="Sellers"))
        yield from importing_once(many)


def making(count: int) -> Line:
    names = (f"new{number}" for number in range(10**9))
    ways = {"raw": insert_one, "here": create_one}
    times = medians({it: Way(lambda do=do: each(do, names, count)) for it, do in ways.items()}, 1)
    ratio = times["here"] / times["raw"]
    return Line("create_user, to raw inserts", ratio, each_ms(times, count), 12)


def importing(count: int) -> Line:
    names = (f"row{number}_" for number in range(10**9))
    ways = {"raw": insert, "stock, accounts only": import_stock, "here": import_people}
    done = {it: Way(lambda do=do: do(rows_of(next(names), count))) for it, do in ways.items()}
    times = medians(done, calls=1, warm=False)
    title = f"import {count:,} new people, to raw SQL"
    return Line(title, times["here"] / times["raw"], each_ms(times, count), 60)


def importing_once(count: int) -> Iterator[Line]:
    """Import so many that there is time for one round of it, without peers."""
    rows = rows_of("many", count)
    with undisturbed():
        raw = seconds(lambda: insert(rows_of("raw", count)))
    reset_peak()
    before = peak()
    here = seconds(lambda: import_people(rows))
    times = each_ms({"raw": raw, "here": here}, count)
    yield Line(f"import {count:,} once", here / raw, times, 60)
    yield Line("memory of that, MB", (peak() - before) / 1024)


def deleting(count: int) -> Line:
    tags = (f"gone{number}_" for number in range(10**9))
    now = []

    def prepare():
        now[:] = [next(tags)]
        fill(now[0], count)
        papers = Document.objects.filter(owner__username__startswith=now[0])
        for paper in papers.values_list("file", flat=True):
            file = Path(settings.MEDIA_ROOT) / paper
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"%PDF-1.4")

    ways = {
        "raw": Way(lambda: delete_raw(now[0]), prepare=prepare),
        "Django without receivers": Way(lambda: delete_stock(now[0]), without, prepare),
        "here": Way(lambda: delete(now[0]), prepare=prepare),
    }
    times = medians(ways, calls=1, warm=False)
    title = f"delete {count:,} people with files and history, to raw SQL and unlink"
    return Line(title, times["here"] / times["raw"], each_ms(times, count), 8)


def exporting(count: int) -> Iterator[Line]:
    ways = {"raw": export_raw, "here": export}
    times = medians({it: Way(do) for it, do in ways.items()}, calls=1)
    title = f"export {count:,}, to a raw CSV writer"
    yield Line(title, times["here"] / times["raw"], each_ms(times, count), 5)
    reset_peak()
    before = peak()
    export()
    yield Line("its memory, MB", (peak() - before) / 1024, "", 30)


def each_ms(times: dict[str, float], count: int) -> str:
    return ", ".join(f"{name} {taken / count * 1000:.3f} ms each" for name, taken in times.items())


def each(do, names, count: int) -> None:
    for _ in range(count):
        do(next(names))


def rows_of(name: str, count: int) -> list[dict[str, str]]:
    """Return rows for `count` new people, by the names of the columns of an import."""
    return [
        {
            "staff_number": f"{name}{number}",
            "email": f"{name}{number}@example.com",
            "first_name": f"First{number}",
            "last_name": f"Last{number}",
            "job_title": "Clerk",
            "department": "Sales",
        }
        for number in range(count)
    ]


ACCOUNT = (
    "INSERT INTO staff_user (password, username, email, first_name, last_name, is_staff,"
    " is_active, is_superuser, date_joined, language)"
    " VALUES ('!', %s, %s, %s, %s, false, true, false, %s, '')"
)
THE_REST = [  # of all accounts from a key on
    "INSERT INTO staff_profile (user_id, department_id, staff_number, job_title, phone,"
    " location, photo, leaving_note) SELECT u.id, d.id, username, 'Clerk', '', '', '', ''"
    " FROM staff_user u, staff_department d WHERE u.id > %s AND d.name = 'Sales'",
    "INSERT INTO staff_user_groups (user_id, group_id) SELECT u.id, g.id"
    " FROM staff_user u, auth_group g WHERE u.id > %s AND g.name IN ('User', 'Sellers')",
]
PROFILE = (
    "INSERT INTO staff_profile (user_id, department_id, staff_number, job_title, phone,"
    " location, photo, leaving_note) VALUES (%s, %s, %s, %s, '', '', '', '')"
)
MEMBER = "INSERT INTO staff_user_groups (user_id, group_id) VALUES (%s, %s)"
CHANGE = (
    "INSERT INTO intranet_change (action_id, cause, content_type_id, object_key, object_name,"
    ' kind, "values", keys) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)'
)
MAIL = (
    'INSERT INTO intranet_mail (action_id, cause, "to", language, sender, subject, template,'
    " context, message, message_id, status, priority, attempts, next_attempt_at, lapsed, error,"
    " created_at, text) VALUES (%s, 'staff.queue_welcome_mail', %s, '', 'intranet@localhost', %s,"
    " 'welcome', %s, '', %s, 'queued', 1, 0, %s, false, '', %s, '')"
)


@transaction.atomic
def insert(rows):
    """Write all that an import of `rows` leaves as bulk SQL does: lists of their values.

    These are accounts, profiles and groups, and what each row says of itself: the four lines of the
    history and the welcome mail.
    """
    department, groups = Department.objects.get(name="Sales"), Group.objects
    user, sellers = groups.get(name=settings.STAFF_DEFAULT_GROUP), groups.get(name="Sellers")
    of_people, of_profiles = (ContentType.objects.get_for_model(it).pk for it in (User, Profile))
    action = Action.objects.create(via=Action.Via.IMPORT, actor_name="the system").pk.hex
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM staff_user")
        last = cursor.fetchone()
        people = [(it["email"], it["email"], it["first_name"], it["last_name"], now) for it in rows]
        cursor.executemany(ACCOUNT, people)
        cursor.execute("SELECT username, id FROM staff_user WHERE id > %s", last)
        keys = dict(cursor.fetchall())
        profiles, members, changes, mails = [], [], [], []
        for it in rows:
            key, email, number, job = keys[it["email"]], it["email"], it["staff_number"], "Clerk"
            name = f"{it['first_name']} {it['last_name']}"
            profiles.append((key, department.pk, number, job))
            members += (key, user.pk), (key, sellers.pk)
            account = {field: [None, it[field]] for field in ("first_name", "last_name", "email")}
            account |= {"username": [None, email], "password": ["", "changed"]}
            account |= {"is_active": [None, True]}
            job_there = {"user": [None, name], "job_title": [None, job]}
            job_there |= {"department": [None, "Sales"], "staff_number": [None, number]}
            led_to = {"user": [None, key], "department": [None, department.pk]}
            entries = [(of_people, "", "created", account, {})]
            entries.append((of_profiles, "staff.create_profile", "created", job_there, led_to))
            for group, cause in ((sellers, "follow_department"), (user, "admit_newcomer")):
                there = ({"groups": {"added": [what]}} for what in (group.name, str(group.pk)))
                entries.append((of_people, f"staff.{cause}", "changed", *there))
            for kind, cause, what, values, others in entries:
                said = json.dumps(values), json.dumps(others)
                changes.append((action, cause, kind, str(key), name, what, *said))
            context = {"user": {"name": name, "username": email, "is_staff": False}, "url": ""}
            greeting, message = f"Welcome to the Intranet, {name}", f"<{email}>"
            mails.append((action, email, greeting, json.dumps(context), message, now, now))
        cursor.executemany(PROFILE, profiles)
        cursor.executemany(MEMBER, members)
        cursor.executemany(CHANGE, changes)
        cursor.executemany(MAIL, mails)


@transaction.atomic
def insert_one(name: str) -> None:
    """Write four rows by hand, as somebody new has at least."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM staff_user")
        last = cursor.fetchone()
        account = (name, f"{name}@example.com", "First", "Last", timezone.now())
        cursor.execute(ACCOUNT, account)
        for statement in THE_REST:
            cursor.execute(statement, last)
        message = "INSERT INTO django_session VALUES (%s, 'A welcome', CURRENT_TIMESTAMP)"
        cursor.execute(message, [name])  # a row about as wide as that of a mail


def create_one(name: str) -> None:
    User.objects.create_user(name, f"{name}@example.com")


def import_stock(rows):
    options = {"fields": ["username", "email"], "import_id_fields": ["username"]}
    table = tablib.Dataset(*[[row["email"]] * 2 for row in rows], headers=options["fields"])
    modelresource_factory(User, meta_options=options)().import_data(table, raise_errors=True)


def import_people(rows):
    headers = [str(COLUMNS[name]) for name in rows[0]]
    table = tablib.Dataset(*[list(row.values()) for row in rows], headers=headers)
    result = PeopleResource(welcome=True).import_data(table)
    if result.has_errors() or result.has_validation_errors():
        raise RuntimeError(result.rows[0].problems)


def delete_raw(tag: str) -> None:
    files = Document.objects.filter(owner__username__startswith=tag)
    names = list(files.values_list("file", flat=True))
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in BY_HAND:
            of_tag = "(SELECT id FROM staff_user WHERE username LIKE %s)"
            cursor.execute(statement.replace("TAG", of_tag), [f"{tag}%"])
    for name in names:
        (Path(settings.MEDIA_ROOT) / name).unlink()


def delete_stock(tag: str) -> None:
    QuerySet.delete(User.objects.filter(username__startswith=tag))


def delete(tag: str) -> None:
    """Delete people, and then their files, as the worker does."""
    User.objects.filter(username__startswith=tag).delete()
    while FileRemoval.objects.due().exists():
        carry_out_removals("default")


def export_raw() -> None:
    with connection.cursor() as cursor:
        cursor.execute(OF_EXPORT)
        csv.writer(io.StringIO()).writerows(cursor)


def export() -> None:
    for _ in as_csv(table(User.objects.order_by("last_name", "first_name", "username"))):
        pass


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Return the kB that this process has held at most since that was reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
