"""Pausing a side effect for a block of code.

Nothing is disconnected: the pause is a context variable, so it holds for the current thread (or
task) alone and ends with the block, whatever happens in it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar


class Effect:
    """A side effect that can be paused: `with welcome_mail.paused(): ...`."""

    all: list["Effect"] = []

    def __init__(self, name: str):
        self._paused: ContextVar[bool] = ContextVar(name, default=False)
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
def all_paused() -> Iterator[None]:
    """Pause every effect of the site: `with all_paused(): ...`."""
    with ExitStack() as stack:
        for effect in Effect.all:
            stack.enter_context(effect.paused())
        yield
