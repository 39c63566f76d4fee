"""What tests of backups share: commands run as from a shell, a site filled and emptied again."""

import json

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from documents.models import Document
from documents.tests.factories import jpeg_bytes, make_document
from intranet.files.listing import list_files, stored_files
from intranet.outbox.models import Mail
from staff.models import User
from staff.tests.factories import make_user


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


def fill():
    """Give the site a person with a paper and a photo."""
    owner = make_user("ada", roles=["HR"])
    make_document(owner, title="Ada's CV")
    owner.profile.photo.save("face.jpg", ContentFile(jpeg_bytes()))
    Mail.objects.all().delete()


def files():
    return sorted(stored_files(default_storage))


def is_empty():
    return not (User.objects.exists() or Document.objects.exists() or files())
