"""Copies of the whole site: a database, the files that its rows name, and a manifest of both.

`databases.py` dumps and loads by the engine's own means, `manifest.py` says what a copy holds and
checks it, `copying.py` makes a copy, and `restoring.py` makes a site of it again.
"""

from functools import partial

from tqdm import tqdm

progress = partial(tqdm, unit=" files", disable=None, leave=False)


class Refused(Exception):
    """What was asked for cannot be done; the text says why, to whoever typed the command."""
