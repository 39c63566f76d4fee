"""Which letters the bytes of a text file stand for: certain where it can be, else a fair guess."""

import re

from .shape import How, UnreadableTable

FAMILIES = {
    "Western European": {"cp1252": "Windows-1252", "mac_roman": "old Mac", "cp850": "DOS"},
    "Central European": {"cp1250": "Windows-1250", "iso8859_2": "ISO 8859-2", "cp852": "DOS"},
    "Cyrillic": {"cp1251": "Windows-1251", "koi8_u": "KOI8", "cp866": "DOS"},
    "Greek": {"cp1253": "Windows-1253"},
    "Turkish": {"cp1254": "Windows-1254"},
    "Baltic": {"cp1257": "Windows-1257"},
}
LETTERS = {  # beyond a to z, of the languages of a family
    "Western European": "äöüß àâæçèéêëîïôœùûüÿ áéíñóúü àáâãçéêíóôõú àèéìíòóù äåöé æøåéö "
    "áéíðóúýþæö éèëïöü àçèéíïòóúü",
    "Central European": "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž äöüß",
    "Cyrillic": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя абвгґдеєжзиіїйклмнопрстуфхцчшщьюя "
    "абвгдеёжзійклмнопрстуўфхцчшыьэюя абвгдђѓежзѕијќклљмнњопрстћуфхцчџш",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
    "Turkish": "çğ\u0131öşüâîûi\u0307",
    "Baltic": "āčēģīķļņšūž ąčęėįšųūž äõöüšž",
}
ALPHABETS = {name: LETTERS[family].split() for family, names in FAMILIES.items() for name in names}
ENCODINGS = {"utf-8-sig": "Unicode (UTF-8)", "utf-16": "Unicode (UTF-16)"} | {
    name: f"{family} ({label})"
    for family, names in FAMILIES.items()
    for name, label in names.items()
}
ODD = re.compile(  # pairs that these languages do not write, but a wrong encoding makes
    r"ñ(?![aeiouáéíóú])|[aeiou]ø(?!$)|ø[aiou]|[ìòù][a-zé-ú]|æ$|[aeiouy]æ|[aiu]è|[ie]ú"
    r"|[aeiou][öü](?!$)|[aeiou]œ|(?<![aeiouáéíóú])[ïÿ]|^[^a-z]{2}$"
)
VOWEL = re.compile("[аеёиіїоуыэюяєαεηιουωάέήίόύώ]")
QUOTES = "“”„\u2018\u2019«»…\u2013—\u00a0"
WORD = re.compile("[A-Za-z\u0080-\U0010ffff]+")
SHOWN = 20  # stray words, each in a sentence of its own
CONTROLS = re.compile("[\x01-\x08\x0e-\x19\x1b-\x1f]")
STRAY = re.compile("[\udc80-\udcff]")  # how "surrogateescape" keeps a byte that is no UTF-8
NO_TEXT = "This is not a text file. Accepted is CSV or Excel (.xlsx)."


def decode(data: bytes, encoding: str, how: How) -> str:
    """Return the text in `encoding`, or in the likeliest one when that is empty; say so in `how`.

    Raises UnreadableTable.
    """
    if encoding:
        text = _chosen(data, encoding, how)
    else:
        text = _unicode(data, how) or _with_strays(data, how) or _guess(data, how)
    text = text.rstrip("\x1a")  # ends files written by DOS
    if "\0" in text:
        raise UnreadableTable("This file holds NUL characters: it is not a CSV file.")
    if CONTROLS.search(text):
        raise UnreadableTable(NO_TEXT)
    return text


def _chosen(data: bytes, encoding: str, how: How) -> str:
    how.add("Encoding", f"{ENCODINGS[encoding]}, as chosen")
    try:
        return data.decode(encoding)
    except UnicodeError as error:
        line = _line(data[: getattr(error, "start", 0)].decode("latin-1"))
        raise UnreadableTable(
            f"Line {line} cannot be read as {ENCODINGS[encoding]}. Choose another encoding."
        ) from error


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
    how.add("Encoding", ENCODINGS.get(encoding) or ENCODINGS["utf-16"])
    return text


def _with_strays(data: bytes, how: How) -> str | None:
    """Return UTF-8 into which a few other bytes were pasted, with a warning for each."""
    text = data.decode("utf-8-sig", "surrogateescape")
    strays = len(STRAY.findall(text))
    if not 0 < strays <= sum(char > "\x7f" for char in text) - strays:
        return None
    read = STRAY.sub(lambda it: bytes([ord(it[0]) & 0xFF]).decode("cp1252", "replace"), text)
    how.add("Encoding", "Unicode (UTF-8), but for some letters")
    words = [it.span() for it in re.finditer(r"[^\s,;|]*[\udc80-\udcff][^\s,;|]*", text)]
    how.warnings += [
        f"Line {_line(text[:start])}: “{read[start:end]}” is not written in UTF-8 like the rest. "
        "It was read as Western European: look whether its letters are right."
        for start, end in words[:SHOWN]
    ]
    if len(words) > SHOWN:
        how.warnings.append(f"The same holds for {len(words) - SHOWN} more.")
    return read


def _guess(data: bytes, how: How) -> str:
    """Return the text in the encoding that makes most words look like words."""
    texts = {name: data.decode(name, "replace") for name in ALPHABETS}
    texts = {name: text for name, text in texts.items() if "\ufffd" not in text}
    scores = {name: _words(text, ALPHABETS[name]) for name, text in texts.items()}
    best = max(scores, key=lambda name: (scores[name], name.startswith(("cp125", "mac"))))
    if not scores[best] and "cp1252" not in texts:
        raise UnreadableTable(NO_TEXT)
    how.guessed = True
    how.add("Encoding", f"{ENCODINGS[best]}, guessed from the letters")
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
