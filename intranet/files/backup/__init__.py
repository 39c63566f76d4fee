"""Copies of the whole site: a database, the files that its rows name, and a manifest of both.

`databases.py` dumps and loads by the engine's own means, `copies.py` makes a copy and checks it,
and `restoring.py` makes a site of it again.
"""


class Refused(Exception):
    """What was asked for cannot be done; the text says why, to whoever typed the command."""
