"""Tables in uploaded files: read with suspicion, written so that no spreadsheet runs them."""

from .cells import damage, escape, fold, tidy, unescape, written
from .delimited import read_csv
from .encodings import ENCODINGS
from .shape import MAX_BYTES, MAX_ROWS, How, Table, UnreadableTable, is_other, too_large
from .workbooks import is_xlsx, read_xlsx, slim

__all__ = [
    "ENCODINGS", "MAX_BYTES", "MAX_ROWS", "How", "Table", "UnreadableTable", "damage", "escape",
    "fold", "is_other", "is_xlsx", "read_csv", "read_xlsx", "slim", "tidy", "too_large",
    "unescape", "written",
]  # fmt: skip
