"""The manifest of a copy: written last, checked before anything is made of the copy."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.template.defaultfilters import filesizeformat

from intranet.wording import counted

from . import Refused, databases, progress

NAME = "manifest.json"


def write(directory: Path, facts: dict) -> None:
    """Write the manifest in one step, once everything that it speaks of is on the disk."""
    part = directory / f"{NAME}.part"
    part.write_text(json.dumps(facts | {"seal": _seal(facts)}, indent=1))
    os.sync()
    part.replace(directory / NAME)


def read(directory: Path) -> dict:
    """Return the manifest; Refused when there is none, or it is not as it was written."""
    try:
        facts = json.loads((directory / NAME).read_text())
        is_whole = facts.pop("seal") == _seal(facts)
    except FileNotFoundError as error:
        raise Refused(f"{directory} is no finished copy: it has no {NAME}.") from error
    except (ValueError, LookupError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise Refused(f"{NAME} is damaged: it is not as it was written.")
    return facts


def _seal(facts: dict) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def entries(facts: dict) -> list[tuple[str, str, list]]:
    """Return (storage, name, [size, sha256]) of every file."""
    return [(label, *file) for label, files in facts["files"].items() for file in files.items()]


def summary(facts: dict) -> str:
    """Return "the database (1.2 MB) and 3 files (4.5 MB)"."""
    sizes = [size for _, _, (size, _) in entries(facts)]
    database, files = filesizeformat(facts["database"][0]), filesizeformat(sum(sizes))
    return f"the database ({database}) and {counted(len(sizes), 'file')} ({files})"


def place_of(directory: Path, label: str, name: str) -> Path:
    """Return where a copy keeps a file; Refused when that is outside of the copy."""
    files = directory.resolve() / "files"
    path = files / label / name
    with suppress(ValueError):  # a name with a zero byte
        if files in path.parents and path.resolve() == path:
            return path
    raise Refused(f"{name!r} of {label!r} is no name of a file within a copy.")


def problems(directory: Path, facts: dict) -> Iterator[str]:
    """Read the database and all files of a copy to the end; yield what is wrong with them."""
    expected = {directory / databases.NAMES[facts["engine"]]: facts["database"]}
    expected |= {place_of(directory, *file): description for *file, description in entries(facts)}
    for path, description in progress(expected.items(), desc="Checking"):
        try:
            if describe(path) != description:
                yield f"{path} is damaged: it is not what was copied."
        except OSError as error:
            yield f"{path} is missing: {error.strerror}."


def describe(path: Path) -> list:
    """Return [size in bytes, sha256] of a file on the disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return [file.tell(), digest.hexdigest()]
