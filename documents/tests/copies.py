"""What tests of backups share: commands run as from a shell, and a site emptied again."""

import json

from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from intranet.files.listing import list_files


def run(capsys, command, *arguments):
    """Run a command; return (exit status, everything it printed)."""
    capsys.readouterr()
    try:
        call_command(command, *map(str, arguments))
    except CommandError as error:
        return error.returncode, f"{''.join(capsys.readouterr())}{error}"
    return 0, "".join(capsys.readouterr())


def read(directory):
    return json.loads((directory / "manifest.json").read_text())


def write(directory, facts):
    """Write a manifest that was tampered with."""
    (directory / "manifest.json").write_text(json.dumps(facts))


def empty_site():
    """Delete all rows and files, the marker among them."""
    call_command("flush", verbosity=0, interactive=False)
    for name in list(list_files(default_storage)):
        default_storage.delete(name)
