"""The scenarios: what people and programs do to rows with files."""

from ..lab import SCENARIOS  # noqa: F401
from . import deleting, faults, forms, kinds, remote, saving, sharing  # noqa: F401
