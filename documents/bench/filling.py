"""A test database, never the site's, and many made-up rows in it, copied by the database itself."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model
from django.test import override_settings
from django.utils import timezone

from documents.models import Document, Post
from intranet import trigrams
from intranet.files import marker
from intranet.models import Action, Change, FileRemoval, Mail, Notice
from intranet.trace.effects import all_paused
from intranet.trace.models import listed
from staff.models import Department, Profile, SignIn, User

BOSS = "boss"
DEPARTMENTS = 20


@contextmanager
def database() -> Iterator[None]:
    site = connection.settings_dict["NAME"]
    logging.disable()
    there = {"ALLOWED_HOSTS": ["*"], "DEBUG": False, "ROOT_URLCONF": "documents.bench.urls"}
    there["MAIL_TRANSPORT"] = "django.core.mail.backends.dummy.EmailBackend"
    with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder, **there):
        if connection.vendor == "sqlite":  # in a file, as a site's is
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        else:  # in one process, whose time is measured
            one = "-c max_parallel_workers_per_gather=0"
            connection.settings_dict["OPTIONS"]["options"] = one
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            marker.retie()  # an empty store of a full database would be taken for a wrong one
            yield
        finally:
            connection.creation.destroy_test_db(site, verbosity=0)
            logging.disable(logging.NOTSET)


@contextmanager
def of_size(people: int) -> Iterator[None]:
    """Work on a copy of the test database with that many people, made when it is first asked."""
    empty = connection.settings_dict["NAME"]
    name = connection.creation.get_test_db_clone_settings(str(people))["NAME"]
    is_new = name not in made
    if is_new:
        connection.close()  # SQLite copies a file, which has all in it only then
        connection.creation.clone_test_db(str(people), verbosity=0, autoclobber=True)
        made.append(name)
    use(name)
    try:
        if is_new:
            fill(people)
            settle()
        yield
    finally:
        use(empty)


made: list[str] = []


def use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def forget_copies() -> None:
    connection.close()
    while made:
        connection.creation._destroy_test_db(made.pop(), verbosity=0)


@transaction.atomic
def fill(count: int) -> None:
    """Make `count` people, with a row of each list for each of them."""
    with all_paused():
        boss = User.objects.create(
            username=BOSS, email="boss@example.com", is_superuser=True, is_staff=True
        )
    department = copies(Department(name="Department"), DEPARTMENTS, name="'Department ' || i")
    person = copies(
        User(username="p0", email="p0@example.com", first_name="First", last_name="Last"),
        count,
        username="'p' || i",
        email="'p' || i || '@example.com'",
        first_name="'First' || (i % 97)",
        last_name="'Last' || ((i % 5003 * 7919) % 5003)",
    )
    profile = Profile(user_id=person, department_id=department, job_title="Clerk")
    varies = {"department_id": f"{department} + i % {DEPARTMENTS}"}
    varies |= {"user_id": f"{person} + i", "started_on": f"date({ago('hours')})"}
    some = f"WHEN i % 20 = 0 THEN {person} WHEN i % 50 = 1 THEN NULL"
    varies["manager_id"] = f"CASE {some} ELSE {person} + i / 20 END"
    copies(profile, count, **varies)
    group, _ = Group.objects.get_or_create(name=settings.STAFF_DEFAULT_GROUP)
    copies(User.groups.through(user_id=person, group=group), count, user_id=f"{person} + i")
    paper = Document(owner_id=person, file="cvs/0.pdf", original_name="cv.pdf", title="A paper")
    files = {"file": "'cvs/' || i || '.pdf'"}
    copies(paper, count, owner_id=f"{person} + i", uploaded_at=ago(), **files)
    over = timezone.now()
    ended = {"publish_at": over - timedelta(days=1), "expires_at": over}
    post = Post(author_id=person, title="A post", body="<p>text</p>", **ended)
    copies(post, count, publish_at=ago(), title="'Post ' || i")
    action = Action(actor=boss, actor_name=BOSS, via=Action.Via.PAGE, summary="Person changed")
    action.causes = listed(["staff.create_profile", "staff.follow_department"])
    copies(action, count, id=uuid(), at=ago())
    by = {"action_id": uuid()}
    kind = {"content_type_id": 1, "kind": Change.Kind.CHANGED, "object_name": "Somebody"}
    copies(Change(action=action, object_key="1", **kind), count, object_key="CAST(i AS text)", **by)
    told = {"action": action, "created_at": over}
    mail = Mail(to="p@example.com", subject="News", message_id="0", status="sent", **told)
    copies(mail, count, message_id="'<' || i || '>'", created_at=ago(), sent_at=ago(), **by)
    notice = Notice(recipient=boss, message="Something happened", **told)
    copies(notice, count, created_at=ago(), read_at=ago(), **by)
    removal = FileRemoval(storage="default", name="cvs/0.pdf", source="documents.Document.file")
    copies(removal, count, created_at=ago(), removed_at=ago(), name="'gone/' || i")
    sign_in = SignIn(user_id=person, username="p0", kind="in")
    copies(sign_in, count, user_id=f"{person} + i", at=ago())
    through = User.groups.through
    with connection.cursor() as cursor:
        models = [User, Profile, Department, Document, Post, Change, Mail, Notice, FileRemoval]
        for statement in connection.ops.sequence_reset_sql(no_style(), [*models, SignIn, through]):
            cursor.execute(statement)


def settle() -> None:
    """Do what the worker and PostgreSQL would do by themselves a minute later."""
    trigrams.catch_up(connection.alias)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def copies(row: Model, count: int, **sql: str) -> int:
    """Write the row and count - 1 copies; return the first key, which the i-th is i more than.

    `sql` holds, by column, what differs: an expression of i, which counts from 1.
    """
    type(row)._base_manager.bulk_create([row])
    if count == 1:
        return row.pk
    fields = row._meta.concrete_fields
    columns = {it.column: connection.ops.quote_name(it.column) for it in fields}
    key = row._meta.pk.column
    values = columns | {key: f"{columns[key]} + i"} | sql
    table = connection.ops.quote_name(row._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1})"  # noqa: S608
            f" INSERT INTO {table} ({', '.join(columns.values())})"
            f" SELECT {', '.join(values[it] for it in columns)} FROM {table}, n"
            f" WHERE {columns[key]} = {adapted(row)}"
        )
    return row.pk


def adapted(row: Model) -> str:
    return f"'{row.pk.hex}'" if hasattr(row.pk, "hex") else str(row.pk)


def ago(unit: str = "minutes") -> str:
    """Return SQL for i minutes, or so, ago."""
    is_sqlite = connection.vendor == "sqlite"
    return f"datetime('now', -i || ' {unit}')" if is_sqlite else f"now() - i * interval '1 {unit}'"


def uuid() -> str:
    """Return SQL for a UUID made of i."""
    is_sqlite = connection.vendor == "sqlite"
    return "printf('%032x', i)" if is_sqlite else "lpad(to_hex(i), 32, '0')::uuid"
