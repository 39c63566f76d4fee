"""Numbers, times and errors in sentences."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.formats import number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from .trace.phrases import Phrase, Said

MAX_WORDS = 2000  # characters of an error


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return "1 mail" or "3 mails"; of the names of a model, or for operators, in English.

    `plural` when it is more than `singular` with an s. Sentences are for `nphrase`.
    """
    return f"{number_format(count)} {singular if count == 1 else plural or singular + 's'}"


def labelled(label: object, *words: object) -> str:
    """Return "Changed: 3 people", with the colon of the language."""
    return _(": ").join(map(str, (label, *words)))


def words_of(error: BaseException) -> str:
    """Return "ValueError: no such file", as every database can keep it."""
    kind = type(error).__name__
    try:
        words = f"{kind}: {error}"
    except Exception:  # its __str__ is what failed
        words = kind
    return words.encode(errors="backslashreplace").decode().replace("\0", "")[:MAX_WORDS]


def said_of(error: BaseException) -> Said:
    """Return the sentence of an error that has one in any language, else its `words_of`."""
    first = next(iter(error.args), "")
    return first if isinstance(first, Phrase) else words_of(error)


def when_files_go() -> str:
    """Return when the files go that something leaves over: "1 hour after this"."""
    grace = settings.FILE_REMOVAL_GRACE
    if grace < 60:
        return _("within a minute of this") if grace else _("once this is done")
    start = datetime(2000, 1, 1)
    time = timesince(start, start + timedelta(seconds=grace)).replace("\xa0", " ")
    return _("%(time)s after this") % {"time": time}
