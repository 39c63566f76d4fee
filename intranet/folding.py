"""Searching as people type: without accents, in any case, in whichever Unicode form.

`name__folded="eva"` finds rows whose name contains Éva. The database folds the column and Python
the term, so the two have to agree to the letter.
"""

import re
import unicodedata

from django.db.models import Func
from django.db.models.lookups import Contains

# Accents, vowel points and characters that nobody sees: the inside of a regular expression.
MARKS = (
    r"\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u20d0-\u20ff\ufe00-\ufe0f"
    r"\ufe20-\ufe2f\ufeff"
)
# What Unicode does not take apart, and what people type who have no such key.
LETTERS = dict(
    zip("łøđħŧıðŋəɓɗƙƴςىیکة‘’ʼʻ‐–—", "lodhtidnebdkyσييكه''''---", strict=True)  # noqa: RUF001
)
PAIRS = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}

LONGEST = 1000  # characters of a term; databases give up on thousands of words

_plain = LETTERS | PAIRS
_odd = re.compile(rf"[\0\ud800-\udfff{MARKS}{''.join(_plain)}]")


def fold(text: str) -> str:
    """Return `text` as searches compare it, without what no database can store."""
    lower = unicodedata.normalize("NFKD", text).lower()
    return _odd.sub(lambda found: _plain.get(found[0], ""), lower)


class Fold(Func):
    """A column as `fold` writes it."""

    arity = 1

    def as_sql(self, compiler, connection, **context):
        template = self.adapted(FOLDED[connection.vendor])
        sql, params = super().as_sql(compiler, connection, template=template)
        return sql, list(params) * template.count(TEXT)

    def adapted(self, template: str) -> str:
        return template


class FoldToSearch(Fold):
    """The same for LIKE, by which SQLite finds ASCII in any case, and faster."""

    def adapted(self, template):
        return template.replace(f"ELSE lower({TEXT}) END", f"ELSE {TEXT} END")  # not shown


class Folded(Contains):
    """`folded`: the text contains the term, both folded."""

    def __init__(self, lhs, rhs):
        super().__init__(FoldToSearch(lhs), fold(rhs))


def teach_sqlite(sender, connection, **kwargs):
    """Gives each new SQLite connection the function that folds text for searches."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("intranet_fold", 1, fold, deterministic=True)


def on_postgresql(text: str) -> str:
    """Return SQL that folds `text` by PostgreSQL's own means.

    ICU knows the small letters even where the database's own collation is C.
    """
    bare = f"regexp_replace(normalize({text}, NFKD), '[{MARKS}]', '', 'g')"
    folded = f'lower({bare} COLLATE "und-x-icu") COLLATE "C"'  # not shown
    for letter, pair in PAIRS.items():
        folded = f"replace({folded}, '{letter}', '{pair}')"
    plain = "".join(LETTERS.values()).replace("'", "''")
    return f"translate({folded}, '{''.join(LETTERS)}', '{plain}')"


# Most names are ASCII and take the short way, which makes searches several times faster.
TEXT = "%(expressions)s"
FOLDED = {
    "sqlite": f"CASE WHEN length({TEXT}) <> length(CAST({TEXT} AS BLOB)) "  # not shown
    f"THEN intranet_fold({TEXT}) ELSE lower({TEXT}) END",
    "postgresql": f"CASE WHEN char_length({TEXT}) <> octet_length({TEXT}) "  # not shown
    f'THEN {on_postgresql(TEXT)} ELSE lower({TEXT} COLLATE "C") END',
}
