"""People in tables: what an import reads, checks and writes, and what an export shows."""

from .columns import COLUMNS, EXAMPLE, check, is_column
from .resource import PeopleResource

__all__ = ["COLUMNS", "EXAMPLE", "PeopleResource", "check", "is_column"]
