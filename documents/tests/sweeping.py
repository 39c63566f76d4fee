"""Files that no row names, and the command that finds them."""

import os
import time
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from intranet.files.listing import list_files


def orphan(name="cvs/0123456789abcdef0123456789abcdef.pdf", hours=2):
    default_storage.save(name, ContentFile(b"left over"))
    then = time.time() - hours * 3600
    os.utime(default_storage.path(name), (then, then))
    return name


def orphan_not_in_utf_8():
    path = Path(default_storage.path("cvs"), os.fsdecode(b"lat\xfcn.pdf"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (1, 1))


def run(capsys, **options):
    """Return the exit status and what the command printed."""
    try:
        call_command("sweep_files", **options)
    except CommandError as error:
        return error.returncode, f"{capsys.readouterr().out}{error}"
    except SystemExit as exit:
        return exit.code, capsys.readouterr().out
    return 0, capsys.readouterr().out


def names_in(storage):
    return set(list_files(storage))
