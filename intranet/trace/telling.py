"""The words of a plan: lines that name what happens, and to whom."""

from collections.abc import Iterable
from typing import NamedTuple

from ..wording import labelled
from .phrases import Said, nphrase

NAMED = 20  # rows that a line names; it counts them all
LINES = 20  # of a section
NAMES = 100  # of a section: all of the lines together


class Line(NamedTuple):
    """Something that happens, and to whom: the first names, and how many more there are."""

    text: str
    names: tuple[str, ...] = ()
    more: int = 0

    def __str__(self) -> str:
        more = [self.and_more] if self.more else []
        return labelled(*filter(None, [self.text, ", ".join([*self.names, *more])]))

    @property
    def and_more(self) -> str:
        return and_more(self.more)


class Section(NamedTuple):
    title: str
    lines: list[Line]


class Told(NamedTuple):
    """What the rows of one kind of effect say: a section, and a piece of the sentence."""

    title: str
    lines: list[Line]
    said: Said = ""  # such as "3 mails on their way"
    why_ask: str = ""  # why whoever saves a form is asked before
    sample: tuple[str, str] | None = None  # subject and text of one of them
    facts: list[str] = []  # all that is to be the same when it is done, in any order


def and_more(count: int) -> str:
    return str(nphrase("and %(count)d more", "and %(count)d more", count))


def named(text: Said, names: Iterable[str]) -> Line:
    """Return a line that names the first of many."""
    every = [*dict.fromkeys(names)]
    return Line(str(text), tuple(every[:NAMED]), max(len(every) - NAMED, 0))


def shortened(title: str, lines: list[Line]) -> Section:
    """Return a section of at most LINES lines; the more there are, the fewer names in each."""
    room, left = max(NAMES // max(len(lines), 1), 3), len(lines) - LINES
    shown = [
        Line(text, names[:room], more + len(names[room:])) for text, names, more in lines[:LINES]
    ]
    return Section(title, shown + ([Line(and_more(left))] if left > 0 else []))
