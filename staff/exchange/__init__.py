"""People in tables: what an import reads, checks and writes, and what an export shows."""

from .columns import COLUMNS, check, example, is_column
from .resource import PeopleResource

__all__ = ["COLUMNS", "PeopleResource", "check", "example", "is_column"]
