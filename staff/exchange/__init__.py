"""People in tables: what an import reads, checks and writes, and what an export shows."""

from .columns import COLUMNS, EXAMPLE, check, is_column
from .export import as_csv, as_workbook, table
from .resource import PeopleResource

__all__ = [
    "COLUMNS", "EXAMPLE", "PeopleResource", "as_csv", "as_workbook", "check", "is_column", "table",
]  # fmt: skip
