"""Pausing a side effect for a block of code.

Nothing is disconnected: the pause is a context variable, so it holds for the current thread (or
task) alone and ends with the block, whatever happens in it.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar


class Effect:
    """A side effect that can be paused: `with welcome_mail.paused(): ...`.

    One that is not `when_undoing` is paused while an action is undone.
    """

    all: list["Effect"] = []

    def __init__(self, name: str, when_undoing: bool = True):
        self._paused: ContextVar[bool] = ContextVar(name, default=False)
        self.when_undoing = when_undoing
        self.all.append(self)

    @property
    def is_paused(self) -> bool:
        return self._paused.get()

    @contextmanager
    def paused(self) -> Iterator[None]:
        token = self._paused.set(True)
        try:
            yield
        finally:
            self._paused.reset(token)


@contextmanager
def paused(effects: Iterable[Effect]) -> Iterator[None]:
    with ExitStack() as stack:
        for effect in effects:
            stack.enter_context(effect.paused())
        yield


def all_paused() -> AbstractContextManager[None]:
    """Pause every effect of the site: `with all_paused(): ...`."""
    return paused(Effect.all)


def undoing() -> AbstractContextManager[None]:
    """Pause what is not to happen while an action is undone."""
    return paused(it for it in Effect.all if not it.when_undoing)
