"""The text in a cell: tidied when it is read, escaped when it is written."""

import re
import unicodedata
from functools import lru_cache

from django.utils.translation import gettext as _
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

LOST = "\N{REPLACEMENT CHARACTER}"
NOT_IN_XML = re.compile(f"{ILLEGAL_CHARACTERS_RE.pattern}|[\ud800-\udfff\ufffe\uffff]")
STARTS = "=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"  # of a formula, in some spreadsheet
ERRORS = r"#(?:N/[AD]|NV|DIV/0!|[^\W\d_a-z]{3,}[!?]|##+)$"  # in any language, and what is too wide
ESCAPED = re.compile(f"'+(?:[{STARTS}]|{ERRORS})")
FORMULA = re.compile(f"'*(?:[{STARTS}]|{ERRORS})")
HARMLESS = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9 .@-]*[A-Za-z0-9])?)?")
SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+", re.I)
LINE_END = re.compile(r"_x000D_\n?|\r\n?")  # the first as Excel stores it
UNSEEN = (0xAD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
BLANKS = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
BLANKS += "".join(map(chr, UNSEEN))


def _continued(encoding: str) -> str:
    """Return what bytes within a letter of UTF-8 become, but for what may follow a capital."""
    letters = bytes(range(0x80, 0xC0)).decode(encoding, "ignore")
    return re.sub("[\u2019\u201d\u2013\u2014»\u00a0Şş]", "", letters)


GARBLED = re.compile(  # UTF-8 that was read in the encoding of Windows, of an old Mac or of DOS
    f"[ÃÂ][\u0080-\u00bf]|Ã[\u2019\u201d\u2013\u2014]|[ÃÂÄÅÎÏÐÑ][\u0080-\u009f{_continued('cp1252')}]"
    f"|[ĂĹ][{_continued('cp1250')}]|â€|[√≈]\\w|[\u2500-\u257f]"
)


def tidy(text: str) -> str:
    """Return `text` with one kind of line end, composed accents and nothing unseen around it.

    An address keeps what is unseen: it is refused for that, wherever it comes in.
    """
    blanks = None if "@" in text else BLANKS
    return unicodedata.normalize("NFC", LINE_END.sub("\n", text)).strip(blanks)


def escape(text: str) -> str:
    """Return `text` as a cell that no spreadsheet takes for a formula; `unescape` undoes it."""
    text = NOT_IN_XML.sub(LOST, text)
    return f"'{text}" if FORMULA.match(text) else text


def unescape(cell: str) -> str:
    return cell[1:] if ESCAPED.match(cell) else cell


def written(text: str) -> str:
    """Return the cell that an export writes for `text`: tidied first, so that nothing hides.

    A tab or line break before the text is kept, behind the quotation mark.
    """
    if HARMLESS.fullmatch(text):  # as most are; a tenth of the time
        return text
    return tidy(escape(text)) if text[:1] in {"\t", "\r", "\n"} else escape(tidy(text))


@lru_cache(10_000)
def fold(text: str) -> str:
    """Return what two names have in common that differ in case, blanks and composition only."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def damage(text: str, is_name: bool = False) -> str:
    """Return the sentence that says what `text` has lost on its way; empty when it is whole."""
    for mark in [LOST, "?"] if is_name else [LOST]:
        if mark in text:
            text = _("A letter was lost here and stands as “%(mark)s”. Write it again.")
            return text % {"mark": mark}
    if GARBLED.search(text):
        return _("These letters are garbled: the file was read or saved in the wrong encoding.")
    if SHORTENED.fullmatch(text):
        return _("A spreadsheet has shortened this number. Write it in full.")
    return ""
