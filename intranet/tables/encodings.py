"""Which letters the bytes of a text file stand for: certain where it can be, else a fair guess."""

import re
from itertools import pairwise

from .shape import How, UnreadableTable

ENCODINGS = {
    "utf-8-sig": "Unicode (UTF-8)",
    "utf-16": "Unicode (UTF-16)",
    "cp1252": "Western European (Windows-1252)",
    "mac_roman": "Western European (old Mac)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1257": "Baltic (Windows-1257)",
    "cp850": "Western European (DOS)",
    "iso8859_15": "Western European (ISO 8859-15)",
    "iso8859_2": "Central European (ISO 8859-2)",
    "cp852": "Central European (DOS)",
    "mac_latin2": "Central European (old Mac)",
    "koi8_u": "Cyrillic (KOI8)",
    "cp866": "Cyrillic (DOS)",
    "iso8859_5": "Cyrillic (ISO 8859-5)",
    "mac_cyrillic": "Cyrillic (old Mac)",
    "iso8859_7": "Greek (ISO 8859-7)",
    "cp737": "Greek (DOS)",
    "mac_greek": "Greek (old Mac)",
    "cp857": "Turkish (DOS)",
    "mac_turkish": "Turkish (old Mac)",
    "cp775": "Baltic (DOS)",
}
WESTERN = (
    "äöüß àâæçèéêëîïôœùûüÿ áéíñóúü àáâãçéêíóôõú àèéìíòóù äåöé æøåéö áéíðóúýþæö éèëïöü àçèéíïòóúü"
)
CYRILLIC = (
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя абвгґдеєжзиіїйклмнопрстуфхцчшщьюя "
    "абвгдеёжзійклмнопрстуўфхцчшыьэюя абвгдђѓежзѕијќклљмнњопрстћуфхцчџш"
)
GREEK = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"
CENTRAL = "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž äöüß"
TURKISH = "çğ\u0131öşüâîûi\u0307"
BALTIC = "āčēģīķļņšūž ąčęėįšųūž äõöüšž"
ALPHABETS = {  # the letters beyond a to z of languages that are written in an encoding
    "cp1252": WESTERN,
    "mac_roman": WESTERN,
    "cp1250": CENTRAL,
    "cp1251": CYRILLIC,
    "cp1253": GREEK,
    "cp1254": TURKISH,
    "cp1257": BALTIC,
    "cp850": WESTERN,
    "iso8859_15": WESTERN,
    **dict.fromkeys(("iso8859_2", "cp852", "mac_latin2"), CENTRAL),
    **dict.fromkeys(("koi8_u", "cp866", "iso8859_5", "mac_cyrillic"), CYRILLIC),
    **dict.fromkeys(("iso8859_7", "cp737", "mac_greek"), GREEK),
    **dict.fromkeys(("cp857", "mac_turkish"), TURKISH),
    "cp775": BALTIC,
}
ODD = re.compile(  # pairs that these languages do not write, but a wrong encoding makes
    r"ñ(?![aeiouáéíóú])|[aeiou]ø(?!$)|ø[aiou]|[ìòù][a-zé-ú]|æ$|[aeiouy]æ|[aiu]è|[ie]ú"
    r"|[aeiou][öü](?!$)|[aeiou]œ|(?<![aeiouáéíóú])[ïÿ]|^[^a-z]{2}$"
)
VOWEL = re.compile("[аеёиіїоуыэюяєαεηιουωάέήίόύώ]", re.I)
INNER_END = re.compile(r"ς\w")  # which Greek writes at the end of words alone
ELISION = re.compile(r"^(?:o|d|l|dell|dall|sant)\u2019", re.I)
WORD = re.compile("[A-Za-z\u0080-\U0010ffff]+")
SHOWN = 20  # stray words, each in a sentence of its own
CONTROLS = re.compile("[\x01-\x08\x0e-\x19\x1b-\x1f]")
STRAY = re.compile("[\udc80-\udcff]")  # how "surrogateescape" keeps a byte that is no UTF-8


def decode(data: bytes, encoding: str, how: How) -> str:
    """Return the text in `encoding`, or in the likeliest one when that is empty; say so in `how`.

    Raises UnreadableTable.
    """
    if encoding:
        text = _chosen(data, encoding)
        how.add("Encoding", f"{ENCODINGS[encoding]}, as chosen")
    else:
        text = _unicode(data, how) or _with_strays(data, how) or _guess(data, how)
    text = text.rstrip("\x1a")  # ends files written by DOS
    if "\0" in text:
        raise UnreadableTable("This file holds NUL characters: it is not a CSV file.")
    if CONTROLS.search(text):
        raise not_text()
    return text


def not_text() -> UnreadableTable:
    return UnreadableTable("This is not a text file. Accepted is CSV or Excel (.xlsx).")


def _chosen(data: bytes, encoding: str) -> str:
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
    texts, scores = {}, {}
    for encoding, alphabets in ALPHABETS.items():
        try:
            texts[encoding] = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        words = {word for word in WORD.findall(texts[encoding]) if not word.isascii()}
        scores[encoding] = sum(looks_right(word, alphabets) for word in words)
    best = max(scores, key=scores.get)
    if not scores[best] and "cp1252" not in texts:
        raise not_text()
    how.guessed = True
    how.add("Encoding", f"{ENCODINGS[best]}, guessed from the letters")
    return texts[best]


def looks_right(word: str, alphabets: str) -> bool:
    """Return whether `word` could be written in one of `alphabets`, separated by blanks."""
    word = ELISION.sub("", word).strip("“”„\u2018\u2019«»…\u2013—\u00a0")
    special = {char for char in word.lower() if char > "\x7f"}
    if not special or _mixes_case(word):
        return False
    if alphabets in (CYRILLIC, GREEK):
        special, odd = set(word.lower()), not VOWEL.search(word) or INNER_END.search(word)
    else:
        odd = ODD.search(word.lower())
    return not odd and any(special <= set(one) for one in alphabets.split())


def _mixes_case(word: str) -> bool:
    """Return whether a special letter is small or capital where nobody writes it so."""
    return word not in (word.lower(), word.upper(), word.capitalize()) and any(
        (a.islower() and b.isupper() and not (a + b).isascii())
        or (before and a.isupper() and b.islower() and not a.isascii())
        for before, (a, b) in enumerate(pairwise(word))
    )
