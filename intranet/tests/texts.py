"""The texts of the site and their catalogues: `make texts` brings these in step with the code.

Read from the code, the templates, and what says of itself what it does (docstrings of receivers);
of the theme, what Django has not translated.
"""

import ast
import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path
from typing import NamedTuple

import django
import polib
import unfold
from django.apps import apps
from django.conf import settings
from django.utils.translation.template import templatize

CATALOGUES = settings.BASE_DIR / "intranet" / "locale"
LANGUAGES = ["de", "fr"]  # besides English, in which the texts are
NARROW = "\u202f"  # a narrow space at which no line is broken
THEME = Path(unfold.__file__).parent
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop", "_lazy", "_noop"), ("one",)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), ("one", "many")),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ("context", "one")),
    "phrase": ("one",),
    **dict.fromkeys(("nphrase", "telling"), ("one", "many")),
    "npgettext": ("context", "one", "many"),
}
CALL = re.compile(rf"\b({'|'.join(CALLS)})\(")


class Text(NamedTuple):
    one: str
    many: str = ""
    context: str = ""


def sources(ending: str) -> list[Path]:
    """Return the files of the product with that ending, which people are shown something of."""
    found = [it for app in ("intranet", *settings.FLOORS) for it in here(app).rglob(f"*.{ending}")]
    left_out = {"tests", "migrations", "comparison", "bench", "management", "checks.py", "demo.py"}
    inside = {it: it.relative_to(settings.BASE_DIR).parts for it in found}
    return sorted(it for it, parts in inside.items() if left_out.isdisjoint(parts))


def here(app: str) -> Path:
    return settings.BASE_DIR / app


def texts() -> set[Text]:
    """Return every text that is to be in the catalogues, as it is in the code."""
    found = set(texts_of_the_theme())
    for path in sources("py"):
        found |= {*calls(ast.parse(path.read_text()))}
    for path in [*sources("html"), *sources("txt")]:
        found |= {*texts_of_template(path)}
    return found | {Text(it) for it in said_of_itself()}


def calls(tree: ast.AST) -> Iterator[Text]:
    """Yield the texts that are given to gettext in some code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (names := CALLS.get(name_of(node.func))):
            given = [it.value for it in node.args if isinstance(it, ast.Constant)]
            if len(given) >= len(names):
                yield Text(**dict(zip(names, given, strict=False)))


def name_of(node: ast.expr) -> str:
    """Return the last part of a name: "Veto" for `vetoes.Veto`."""
    return getattr(node, "attr", getattr(node, "id", ""))


def texts_of_template(path: Path) -> Iterator[Text]:
    code = templatize(path.read_text())
    for found in CALL.finditer(code):
        ends = (it.end() for it in re.compile(r"\)").finditer(code, found.end()))
        for end in ends:
            try:
                tree = ast.parse(code[found.start() : end], mode="eval")
            except SyntaxError:
                continue
            yield from calls(tree)
            break


def texts_of_the_theme() -> Iterator[Text]:
    known = translated_by_django(LANGUAGES[0])
    for path in THEME.rglob("*.html"):
        yield from (it for it in texts_of_template(path) if it.one not in known)
    for path in THEME.rglob("*.py"):
        yield from (it for it in calls(ast.parse(path.read_text())) if it.one not in known)


def translated_by_django(language: str) -> set[str]:
    places = [Path(django.__file__).parent / "conf"]
    places += [Path(it.path) for it in apps.get_app_configs() if it.name.startswith("django.")]
    found: set[str] = set()
    for place in places:
        if (path := place / "locale" / language / "LC_MESSAGES" / "django.mo").exists():
            with path.open("rb") as file:
                texts = GNUTranslations(file)._catalog
            found |= {it if isinstance(it, str) else it[0] for it in texts}
    return found


def said_of_itself() -> set[str]:
    """Return what receivers do, and when: sentences that are in no call of gettext."""
    from ..trace import signal_map

    rows = signal_map.rows()
    moments = {it for row in rows for it in row.moments}
    return {row.effect for row in rows} | moments | {*signal_map.unheard().values()}


def catalogue(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "django.po"


def opened(language: str) -> polib.POFile:
    return polib.pofile(str(catalogue(language)), wrapwidth=100)


def bound(text: str) -> str:
    """Return a French text whose punctuation cannot begin a line."""
    return re.sub(r"(?<=\S)[ \xa0](?=[:;!?»])|(?<=«)[ \xa0]", NARROW, text)


def key(entry: polib.POEntry) -> Text:
    return Text(entry.msgid, entry.msgid_plural, entry.msgctxt or "")


def update(language: str, wanted: set[Text]) -> None:
    """Add what is missing, without a translation, drop what is gone, and compile the rest."""
    po = opened(language)
    known = {key(it): it for it in po}
    for it in [it for it in known if it not in wanted and not known[it].tcomment]:
        po.remove(known[it])
    for it in sorted(wanted - known.keys()):
        plural = {0: "", 1: ""} if it.many else {}
        entry = polib.POEntry(msgid=it.one, msgid_plural=it.many, msgstr_plural=plural)
        entry.msgctxt = it.context or None
        po.append(entry)
    for it in po if language == "fr" else ():
        it.msgstr = bound(it.msgstr)
        it.msgstr_plural = {number: bound(said) for number, said in it.msgstr_plural.items()}
    po.sort(key=lambda it: (it.msgid.casefold(), it.msgid))
    po.save()
    po.save_as_mofile(str(catalogue(language).with_suffix(".mo")))
    print(f"{language}: {po.percent_translated()} %, {len(po.untranslated_entries())} to do")  # noqa: T201


if __name__ == "__main__":
    django.setup()
    everything = texts()
    for language in LANGUAGES:
        update(language, everything)
