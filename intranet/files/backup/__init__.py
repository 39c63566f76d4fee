"""Copies of the whole site: a database, the files that its rows name, and a manifest of both.

`databases.py` dumps and loads by the engine's own means, `copies.py` makes a copy and checks it,
and `restoring.py` makes a site of it again.
"""

from typing import Any

Described = list[Any]  # size in bytes and SHA-256, as JSON has them
Manifest = dict[str, Any]


class Refused(Exception):
    """What was asked for cannot be done; the text says why, to whoever typed the command."""
