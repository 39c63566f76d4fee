"""What counting, history and rehearsals cost."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from django.db import transaction

from documents.models import Document, Post
from intranet.admin import bulk
from intranet.trace import history, wiring
from intranet.trace.wiring import Counted
from staff.models import Profile, User

from .clock import Line, Way, medians
from .filling import of_size
from .lists import address, client
from .peers import at

CALLS = 100_000
RECORDERS = [
    history.read_row_before,
    history.record_save,
    history.record_links,
    history.read_row_to_delete,
    history.record_deletion,
]


def trace(few: int, many: int, million: bool) -> Iterator[Line]:
    """What history adds to making and deleting people, and what the page before costs."""
    yield Line("a counted call of a receiver, more than a plain one, µs", counted_call(), "", 2)
    with of_size(few):
        make = [lambda tag, count: None, create, max(few // 5, 10)]
        yield Line("creating people, with history to without", ratio(*make), "", 1.3)
        yield Line("deleting people, with history to without", ratio(fill, delete, few), "", 1.5)
        fill("chosen", few)
        rows = User.objects.filter(username__startswith="chosen")
        chosen = list(rows.values_list("pk", flat=True))
        times = medians({it: Way(lambda it=it: page(chosen, it)) for it in ("", "stock")})
        told = f"{few:,} people, {page(chosen, 'stock') / 1000:.0f} kB"
        yield Line("the page before deleting, to stock", times[""] / times["stock"], told, 2)
        yield Line("its size, kB", page(chosen) / 1000, "", 60)


def counted_call() -> float:
    def receiver(sender, **kwargs):
        pass

    ways = {"plain": receiver, "counted": Counted(receiver)}
    times = medians({name: Way(lambda it=it: call_often(it)) for name, it in ways.items()})
    return (times["counted"] - times["plain"]) / CALLS * 1e6


def call_often(call: Callable) -> None:
    for _ in range(CALLS):
        call(sender=None)


def ratio(prepare: Callable, do: Callable, count: int) -> float:
    """Return how many times as long `do(tag, count)` takes with history as without, in turn."""
    tags = (f"t{number}_{do.__name__}" for number in range(10**6))
    now = []

    def before():
        now[:] = [next(tags), count]
        prepare(*now)

    ways = {
        "with": Way(lambda: do(*now), prepare=before),
        "without": Way(lambda: do(*now), lambda: without(RECORDERS), before),
    }
    times = medians(ways, warm=False)
    return times["with"] / times["without"]


@contextmanager
def without(silent: Collection[Callable] = ()) -> Iterator[None]:
    """Take these receivers off in a block; all that are connected unless some are given."""
    off = {it: to for it, to in wiring.connected().items() if not silent or it[1] in silent}
    for (signal, receiver), senders in off.items():
        wiring.disconnect(signal, receiver, *senders)
    try:
        yield
    finally:
        for (signal, receiver), senders in off.items():
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


def delete(tag: str, count: int) -> None:
    User.objects.filter(username__startswith=tag).delete()


def page(chosen: list[int], site: str = "") -> int:
    """Return the bytes of the page that asks before those people are deleted.

    Of many it is answered beside the page: here at once, as a worker answers it.
    """
    path = address(User).replace("admin", site) if site else address(User)
    at_once = patch.object(bulk, "LONG", len(chosen))
    with at(site) if site else at_once:
        answer = client().post(path, {"action": "delete_selected", "_selected_action": chosen})
        return len(answer.content)
