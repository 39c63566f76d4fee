"""The manifest of a copy: written last, checked before anything is made of the copy."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from . import Refused, progress

NAME = "manifest.json"
FORMAT = 1
CHUNK = 1 << 20  # bytes


def write(directory: Path, facts: dict) -> None:
    """Write the manifest in one step, once everything that it speaks of is on the disk."""
    part = directory / f"{NAME}.part"
    part.write_text(json.dumps(facts | {"format": FORMAT, "seal": _seal(facts)}, indent=1))
    os.sync()
    part.replace(directory / NAME)


def read(directory: Path) -> dict:
    """Return the manifest; Refused when there is none, or it is not as it was written."""
    try:
        facts = json.loads((directory / NAME).read_text())
        number, seal = facts.pop("format"), facts.pop("seal")
    except FileNotFoundError as error:
        raise Refused(f"{directory} is no finished copy: it has no {NAME}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{NAME} is damaged.") from error
    if number != FORMAT:
        raise Refused(f"{NAME} is of format {number}; this version reads {FORMAT}.")
    if seal != _seal(facts):
        raise Refused(f"{NAME} is damaged: it is not as it was written.")
    return facts


def _seal(facts: dict) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def entries(facts: dict) -> Iterator[tuple[str, str, list]]:
    """Yield (storage, name, [size, sha256]) for every file."""
    for label, files in facts["files"].items():
        for name, description in files.items():
            yield label, name, description


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
    yield from _difference(directory / facts["database"][0], facts["database"][1:])
    for label, name, description in progress(list(entries(facts)), desc="Checking"):
        yield from _difference(place_of(directory, label, name), description)


def _difference(path: Path, expected: list) -> Iterator[str]:
    try:
        if describe(path) != expected:
            yield f"{path} is damaged: it is not what was copied."
    except OSError as error:
        yield f"{path} is missing from the copy: {error.strerror}."


def describe(path: Path) -> list:
    """Return [size in bytes, sha256] of a file on the disk."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
        return [file.tell(), digest.hexdigest()]
