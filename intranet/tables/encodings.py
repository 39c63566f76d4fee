"""Which letters the bytes of a text file stand for: certain where it can be, else a fair guess."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ..trace.phrases import nphrase
from .shape import NO_TABLE, How, UnreadableTable

FAMILIES = {
    "western": ["cp1252", "mac_roman", "cp850"],
    "central": ["cp1250", "iso8859_2", "cp852"],
    "cyrillic": ["cp1251", "koi8_u", "cp866"],
    "greek": ["cp1253"],
    "turkish": ["cp1254"],
    "baltic": ["cp1257"],
}
ENCODINGS = {
    "utf-8-sig": _lazy("Unicode (UTF-8)"),
    "utf-16": _lazy("Unicode (UTF-16)"),
    "cp1252": _lazy("Western European (Windows-1252)"),
    "mac_roman": _lazy("Western European (old Mac)"),
    "cp850": _lazy("Western European (DOS)"),
    "cp1250": _lazy("Central European (Windows-1250)"),
    "iso8859_2": _lazy("Central European (ISO 8859-2)"),
    "cp852": _lazy("Central European (DOS)"),
    "cp1251": _lazy("Cyrillic (Windows-1251)"),
    "koi8_u": _lazy("Cyrillic (KOI8)"),
    "cp866": _lazy("Cyrillic (DOS)"),
    "cp1253": _lazy("Greek (Windows-1253)"),
    "cp1254": _lazy("Turkish (Windows-1254)"),
    "cp1257": _lazy("Baltic (Windows-1257)"),
}
LETTERS = {  # beyond a to z, of the languages of a family
    "western": "äöüß àâæçèéêëîïôœùûüÿ áéíñóúü àáâãçéêíóôõú àèéìíòóù äåöé æøåéö "  # not shown
    "áéíðóúýþæö éèëïöü àçèéíïòóúü",
    "central": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž äöüß",  # not shown  # noqa: E501
    "cyrillic": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя абвгґдеєжзиіїйклмнопрстуфхцчшщьюя "  # not shown
    "абвгдеёжзійклмнопрстуўфхцчшыьэюя абвгдђѓежзѕијќклљмнњопрстћуфхцчџш",
    "greek": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
    "turkish": "çğ\u0131öşüâîûi\u0307",
    "baltic": "āčēģīķļņšūž ąčęėįšųūž äõöüšž",  # not shown
}
ALPHABETS = {name: LETTERS[family].split() for family, names in FAMILIES.items() for name in names}
ODD = re.compile(  # pairs that these languages do not write, but a wrong encoding makes
    r"ñ(?![aeiouáéíóú])|[aeiou]ø(?!$)|ø[aiou]|[ìòù][a-zé-ú]|æ$|[aeiouy]æ|[aiu]è|[ie]ú"
    r"|[aeiou][öü](?!$)|[aeiou]œ|(?<![aeiouáéíóú])[ïÿ]|^[^a-z]{2}$"
)
VOWEL = re.compile("[аеёиіїоуыэюяєαεηιουωάέήίόύώ]")
QUOTES = "“”„\u2018\u2019«»…\u2013—\u00a0"
WORD = re.compile("[A-Za-z\u0080-\U0010ffff]+")
SHOWN = 20  # stray words, each in a sentence of its own
CONTROLS = re.compile("[\0-\x08\x0e-\x19\x1b-\x1f]")
STRAY = re.compile("[\udc80-\udcff]")  # how "surrogateescape" keeps a byte that is no UTF-8


def decode(data: bytes, encoding: str, how: How) -> str:
    """Return the text in `encoding`, or in the likeliest one when that is empty; say so in `how`.

    Raises UnreadableTable.
    """
    if encoding:
        text = _chosen(data, encoding, how)
    else:
        text = _unicode(data, how) or _with_strays(data, how) or _guess(data, how)
    text = text.rstrip("\x1a")  # ends files written by DOS
    if CONTROLS.search(text):
        raise UnreadableTable(NO_TABLE)
    return text


def _chosen(data: bytes, encoding: str, how: How) -> str:
    how.add(_("Encoding"), _("%(name)s, as chosen") % {"name": ENCODINGS[encoding]})
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        line = _line(data[: getattr(error, "start", 0)].decode("latin-1"))
        text = _("Line %(line)d cannot be read as %(name)s. Choose another encoding.")
        raise UnreadableTable(text % {"line": line, "name": ENCODINGS[encoding]}) from error


def _line(before: str) -> int:
    return len(re.findall("\r\n?|\n", before)) + 1


def _unicode(data: bytes, how: How) -> str | None:
    """Return what is certain: UTF-8, or UTF-16 by its mark or by the zeros between letters."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if marked else "utf-8-sig"
    for name, zeros, others in (("le", data[1::2], data[::2]), ("be", data[::2], data[1::2])):
        if not marked and zeros.count(0) > len(zeros) // 5 and not others.count(0):
            encoding = f"utf-16-{name}"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    how.add(_("Encoding"), str(ENCODINGS.get(encoding) or ENCODINGS["utf-16"]))
    return text


def _with_strays(data: bytes, how: How) -> str | None:
    """Return UTF-8 into which a few other bytes were pasted, with a warning for each."""
    text = data.decode("utf-8-sig", "surrogateescape")
    strays = len(STRAY.findall(text))
    if not 0 < strays <= sum(char > "\x7f" for char in text) - strays:
        return None
    read = STRAY.sub(lambda it: bytes([ord(it[0]) & 0xFF]).decode("cp1252", "replace"), text)
    how.add(_("Encoding"), _("Unicode (UTF-8), but for some letters"))
    words = [it.span() for it in re.finditer(r"[^\s,;|]*[\udc80-\udcff][^\s,;|]*", text)]
    text_of = _(
        "Line %(line)d: “%(word)s” is not written in UTF-8 like the rest. It was read as Western "
        "European: look whether its letters are right."
    )
    how.warnings += [
        text_of % {"line": _line(text[:start]), "word": read[start:end]}
        for start, end in words[:SHOWN]
    ]
    if (more := len(words) - SHOWN) > 0:
        said = nphrase(
            "The same holds for %(count)d more.", "The same holds for %(count)d more.", more
        )
        how.warnings.append(str(said))
    return read


def _guess(data: bytes, how: How) -> str:
    """Return the text in the encoding that makes most words look like words."""
    texts = {name: data.decode(name, "replace") for name in ALPHABETS}
    texts = {name: text for name, text in texts.items() if "\ufffd" not in text}
    scores = {name: _words(text, ALPHABETS[name]) for name, text in texts.items()}
    best = max(scores, key=lambda name: (scores[name], name.startswith(("cp125", "mac"))))
    if not scores[best] and "cp1252" not in texts:
        raise UnreadableTable(NO_TABLE)
    how.guessed = True
    how.add(_("Encoding"), _("%(name)s, guessed from the letters") % {"name": ENCODINGS[best]})
    return texts[best]


def _words(text: str, alphabets: list[str]) -> int:
    """Return how many words of `text` could be written in one of `alphabets`."""
    words = {word.strip(QUOTES) for word in WORD.findall(text)}
    return sum(_looks_right(word, alphabets) for word in words if not word.isascii())


def _looks_right(word: str, alphabets: list[str]) -> bool:
    small = word.lower()
    if word not in (small, word.upper(), word.capitalize(), word.title()):
        return False
    letters = {char for char in small if char > "\x7f"}
    odd = ODD.search(small)
    if alphabets[0] > "\u0370":  # words of Greek and Cyrillic have no letter of another script
        letters, odd = set(small), not VOWEL.search(small)
    return not odd and any(letters <= set(one) for one in alphabets)
