import gc
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from time import process_time

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse

from documents.models import Document, Post
from intranet.files import marker
from intranet.trace import history, wiring
from intranet.trace.wiring import Counted
from staff.models import Profile, User

CALLS, ROUNDS = 100_000, 3
RECORDERS = [
    history.read_row_before,
    history.record_save,
    history.record_links,
    history.read_row_to_delete,
    history.record_deletion,
]


class Command(BaseCommand):
    help = (
        "Measure what counting, history and rehearsals cost, as ratios of processor time within "
        "this run. Works on a test database, never the site's."
    )

    def add_arguments(self, parser):
        parser.add_argument("--rows", type=int, default=1000)

    def handle(self, *, rows, **options):
        site = connection.settings_dict["NAME"]
        logging.disable()
        with (
            tempfile.TemporaryDirectory() as folder,
            override_settings(ALLOWED_HOSTS=["*"], MEDIA_ROOT=folder),
        ):
            if connection.vendor == "sqlite":  # in a file, as a site's is
                connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
            connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            try:
                marker.retie()  # an empty store of a full database would be taken for a wrong one
                for what, answer in measure(rows):
                    self.stdout.write(f"{what:75} {answer}")
            finally:
                connection.creation.destroy_test_db(site, verbosity=0)
                logging.disable(logging.NOTSET)


def measure(rows: int) -> Iterator[tuple[str, str]]:
    """Yield what was measured, and what came out."""
    yield "a counted call of a receiver, more than a plain one (at most 2 µs)", counted_call()
    few = max(rows // 5, 10)
    ratio = with_and_without(lambda tag: create(tag, few))
    yield f"creating {few} people, with history to without (at most 1.3)", ratio
    ratio = with_and_without(delete, lambda tag: fill(tag, rows))
    yield f"deleting {rows} people, with history to without (at most 1.5)", ratio
    fill("stock", rows)
    stock, size = seconds(lambda: stock_page("stock"))
    yield f"the stock page before deleting {rows} people", f"{size / 1000:,.0f} kB"
    ours, size = seconds(lambda: rehearsal_page("stock"))
    yield "our page, with the rehearsal, to that in time (at most 2)", f"{ours / stock:.2f}"
    yield "the size of our page (at most 60 kB)", f"{size / 1000:,.0f} kB"


def counted_call() -> str:
    def receiver(sender, **kwargs):
        pass

    known = Counted(receiver)
    plain, counted = (seconds(lambda call=it: call_often(call))[0] for it in (receiver, known))
    return f"{(counted - plain) / CALLS * 1e6:.2f} µs"


def call_often(call: Callable) -> None:
    for _ in range(CALLS):
        call(sender=None)


def seconds(do: Callable, rounds: int = ROUNDS) -> tuple[float, object]:
    """Return the least processor time that `do` took, and what it returned."""
    times = []
    for _ in range(rounds):
        gc.collect()
        start = process_time()
        answer = do()
        times.append(process_time() - start)
    return min(times), answer


def with_and_without(do: Callable, prepare: Callable = lambda tag: None) -> str:
    """Return the ratio of `do(tag)` with history to without it, in turn."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * ROUNDS):
        kept, tag = bool(number % 2), f"t{number}_{do.__name__.strip('<>')}"
        prepare(tag)
        if kept:
            times[kept].append(seconds(lambda tag=tag: do(tag), 1)[0])
        else:
            with without_history():
                times[kept].append(seconds(lambda tag=tag: do(tag), 1)[0])
    return f"{min(times[True]) / min(times[False]):.2f}"


@contextmanager
def without_history() -> Iterator[None]:
    recording = {it: to for it, to in wiring.connected().items() if it[1] in RECORDERS}
    for (signal, receiver), senders in recording.items():
        wiring.disconnect(signal, receiver, *senders)
    try:
        yield
    finally:
        for (signal, receiver), senders in recording.items():
            wiring.connect(signal, receiver, *senders)


def create(tag: str, count: int) -> None:
    for number in range(count):
        User.objects.create_user(f"{tag}{number}", f"{tag}{number}@example.com")


@transaction.atomic
def fill(tag: str, count: int) -> None:
    """Make people with a profile, a paper and two posts each, without any receiver."""
    User.objects.bulk_create(
        User(username=f"{tag}{n}", email=f"{tag}{n}@example.com", last_name=f"{tag}{n}")
        for n in range(count)
    )
    people = User.objects.filter(username__startswith=tag)
    Profile.objects.bulk_create(Profile(user=user) for user in people)
    Document.objects.bulk_create(
        Document(owner=user, file=f"cvs/{user.pk}.pdf", original_name="cv.pdf") for user in people
    )
    Post.objects.bulk_create(
        Post(author=user, title=f"{user} {n}", body="<p>text</p>") for user in people for n in "12"
    )


def delete(tag: str) -> None:
    User.objects.filter(username__startswith=tag).delete()


def client() -> Client:
    there = Client()
    boss, _ = User.objects.get_or_create(
        username="boss", defaults={"email": "boss@example.com", "is_superuser": True}
    )
    User.objects.filter(pk=boss.pk).update(is_staff=True, is_active=True)
    there.force_login(boss, settings.AUTHENTICATION_BACKENDS[1])
    return there


def rehearsal_page(tag: str) -> int:
    """Return the bytes of the page that asks before all those people are deleted."""
    chosen = User.objects.filter(username__startswith=tag).values_list("pk", flat=True)
    asked = {"action": "delete_selected", "_selected_action": list(chosen)}
    answer = client().post(reverse("admin:staff_user_changelist"), asked)
    return len(answer.content)


def stock_page(tag: str) -> int:
    """Return the bytes of Django's page for the same, as of a site that only registers models."""
    request = client().get(reverse("admin:index")).wsgi_request
    request.method = "POST"
    site = copy(admin.site)
    site._registry = {model: admin.ModelAdmin(model, site) for model in admin.site._registry}
    chosen = User.objects.filter(username__startswith=tag)
    answer = delete_selected(site._registry[User], request, chosen)
    return len(answer.render().content)
