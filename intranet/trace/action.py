"""What is going on: one request, command, import or piece of work, and who asked for it.

Everything that is written meanwhile carries the action's id and its cause, the receiver that wrote
it. What is to be written about an action is collected while a batch is open and written at its end,
in the same transaction. Where nobody began an action, as in a script, each save or deletion is one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from uuid import uuid4
from weakref import ref

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext

from .. import queue, waking
from ..languages import speaking
from . import counts
from .bulk import insert
from .models import MAX_NAME, SYSTEM, Action, Change, listed
from .packing import Every, Packed, Part
from .phrases import Phrase, Said
from .wiring import causes

Somebody = AbstractUser | AnonymousUser | None
Via = Action.Via


class Kept:
    """Held by the transaction alone, by its commit hook: a rollback, of a savepoint too, drops it.

    Once committed it is dropped as well, and `is_committed` called.
    """

    def __init__(self, what: Part, using: str, is_committed: Callable[[], object] = bool):
        self.what, self.is_committed = what, is_committed
        self.within = within(using)
        transaction.on_commit(self.committed, using=using)

    def committed(self) -> None:
        self.is_committed()


def within(using: str) -> tuple[Any, ...]:
    """Return the savepoints that are open: what was kept within the same ones has the same end."""
    return (*connections[using].savepoint_ids,)


class Act:
    """An action under way. Its row is written with the first thing that it does."""

    def __init__(self, user: Somebody = None, via: str = Via.COMMAND, summary: Said = ""):
        self.user, self.via, self.summary = user, via, summary
        self.id = uuid4()
        self.at = timezone.now()
        self.batches: dict[str, int] = defaultdict(int)  # how many are open, by database
        self.pending: dict[tuple[str, str], list[ref[Kept]]] = defaultdict(list)
        self.rows: dict[str, Callable[[], Kept | bool | None]] = {}
        self.takes_back: list[Callable[[], object]] = []  # what no transaction takes back
        self.plan: Any = None  # what it did, once that was read
        self.names: dict[tuple[type, object], str] = {}  # what rows are called, where asked for

    @property
    def actor(self) -> AbstractUser | None:
        return self.user if self.user and self.user.is_authenticated else None

    @property
    def actor_name(self) -> str:
        return str(self.actor) if self.actor else gettext(SYSTEM)

    def every(self, kind: str, using: str) -> Every:
        """Return what was collected and not rolled back, to go through it any number of times."""
        return Every([kept.what for it in self.pending[kind, using] if (kept := it())])

    def collected(self, kind: str, using: str) -> list[Any]:
        """Return the same at once, where it cannot be so much."""
        return [*self.every(kind, using)]

    def take(self, kind: str, using: str) -> Every:
        """Return what was collected, once."""
        found = self.every(kind, using)
        self.pending[kind, using].clear()
        return found

    def pack(self, kind: str, using: str) -> None:
        """Keep what was collected so far in little memory, because there will be much more."""
        for it in self.pending[kind, using]:
            kept = it()
            if kept and isinstance(kept.what, list):
                kept.what = Packed(kept.what)

    def store(self, using: str, caused: Set[str] = frozenset()) -> None:
        """Write the row of the action, with what `caused` it to write something; once."""
        stored = self.rows.get(using)
        if stored and stored():
            self.add(caused, using)
            return

        def remain() -> None:
            self.rows[using] = lambda: True

        users = get_user_model()._base_manager.using(using)
        key = self.actor.pk if self.actor else None
        actor = users.filter(pk=key).values_list("pk", flat=True).first() if key else None
        row = Action(id=self.id, actor_id=actor, via=self.via, at=self.at, **kept(self.summary))
        row.actor_name = (str(self.actor) if self.actor else SYSTEM)[:MAX_NAME]
        row.causes = listed(caused)
        insert(Action, [row], using)
        if transaction.get_autocommit(using):
            remain()
        else:
            self.rows[using] = ref(Kept([], using, remain))

    def add(self, caused: Set[str], using: str) -> None:
        """Have the row say what `caused` the action to write more."""
        if caused <= {""}:
            return
        rows = Action.objects.using(using).filter(pk=self.id)
        known = {cause for it in rows.values_list("causes", flat=True) for cause in it.split(",")}
        if not caused <= known:
            rows.update(causes=listed(known | caused))

    def summarise(self, sentence: Said, using: str) -> None:
        """Say what it did, if anything, in the history as well."""
        if sentence:
            self.summary = sentence
            Action.objects.using(using).filter(pk=self.id).update(**kept(sentence))


def kept(said: Said, name: str = "summary") -> dict[str, Any]:
    """Return the columns that hold a sentence: the text, and what to say it by in any language."""
    with speaking(""):
        text = str(said)
    return {name: text, "said": said if isinstance(said, Phrase) else []}


_act: ContextVar[Act | None] = ContextVar("action", default=None)
# Called, in this order, when a batch ends: each may write what it makes of what was collected.
enders: list[Callable[[Act, str], None]] = []


def current() -> Act | None:
    """Return the action under way, if somebody began one."""
    return _act.get()


def current_actor() -> AbstractUser | None:
    """Return the signed-in user on whose behalf this code runs; None in a shell or a worker."""
    act = _act.get()
    return act.actor if act else None


def actor_name() -> str:
    """Return the actor's name for a sentence such as "deleted by …"."""
    act = _act.get()
    return act.actor_name if act else gettext(SYSTEM)


@contextmanager
def begin(user: Somebody, via: str = Via.COMMAND, summary: Said = "") -> Iterator[Act]:
    """Make a block of code one action, by `user`."""
    act = Act(user, via, summary)
    token = _act.set(act)
    try:
        yield act
    finally:
        _act.reset(token)


@contextmanager
def batched(using: str = DEFAULT_DB_ALIAS) -> Iterator[Act]:
    """Run a block in a transaction and write what is collected about it in one go, at its end.

    Inside another batch it is a savepoint, and all is written when that ends.
    """
    act = _act.get()
    if act is None:
        with begin(None), batched(using) as act:
            yield act
        return
    with transaction.atomic(using=using):
        act.batches[using] += 1
        try:
            yield act
            if act.batches[using] == 1:
                flush(act, using)
        finally:
            act.batches[using] -= 1


def flush(act: Act, using: str) -> None:
    """Write what was collected so far."""
    for end in enders:
        end(act, using)
    waking.announce(using)


def collect(kind: str, what: list[Any], using: str = DEFAULT_DB_ALIAS) -> None:
    """Keep something for the end of the batch, unless it is rolled back by then."""
    act = _act.get()
    if act and act.batches[using]:
        keep(kind, what, using, act)
    else:
        with batched(using):
            collect(kind, what, using)


def keep(kind: str, what: Part, using: str, act: Act) -> None:
    """Have the transaction hold something of an action, with what it holds already if it can."""
    pending = act.pending[kind, using]
    last = pending[-1]() if pending else None
    if (
        last
        and isinstance(last.what, list)
        and isinstance(what, list)
        and last.within == within(using)
    ):
        last.what += what
    else:
        kept = Kept([*what] if isinstance(what, list) else what, using)
        pending.append(ref(kept))


def mark(using: str = DEFAULT_DB_ALIAS, cause: str = "") -> dict[str, object]:
    """Return the fields by which a row of an effect, just about to be written, names its cause.

    That is the receiver that runs, unless it writes for another one.
    """
    act, cause = _act.get() or Act(), cause or next(iter(causes()), "")
    if act.batches[using]:
        collect("effects", [cause], using)
    else:
        act.store(using, {cause})
        waking.announce(using)
    return {"action_id": act.id, "cause": cause}


def purge(using: str) -> int:
    """Delete a piece of what was kept long enough, as queue.purge does."""
    oldest = timezone.now() - timedelta(days=settings.HISTORY_KEEP_DAYS)
    old = Action.objects.using(using).filter(at__lt=oldest)
    changes = Change.objects.using(using).filter(action__in=old)
    return old.exists() and (queue.purge(changes) or queue.purge(old))


class ActionMiddleware:
    """Make each request one action of the signed-in user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with begin(request.user, Via.PAGE):
            response = self.get_response(request)
        counts.store_now_and_then()
        return response
