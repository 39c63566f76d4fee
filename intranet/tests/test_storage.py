import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from intranet.files.disk import DiskStorage, FileNotStored
from intranet.trace.action import begin
from intranet.trace.rehearsal import take_back

FILL = """
import resource, sys
import django
django.setup()
from django.core.files.base import ContentFile
from intranet.files.disk import DiskStorage, FileNotStored
content = ContentFile(bytes(300_000))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    DiskStorage(sys.argv[1]).save("cvs/a.pdf", content)
except FileNotStored as error:
    print(error)
"""


def files(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def block(folder):
    """Make `folder` a place where nothing can be stored, not even by root."""
    Path(folder).parent.mkdir(parents=True, exist_ok=True)
    Path(folder).write_text("a file, not a folder")


class TestDiskStorage:
    def test_it_is_the_default(self):
        assert isinstance(default_storage, DiskStorage)

    def test_a_full_disk_is_told_and_leaves_no_part(self, tmp_path):
        run = subprocess.run(
            [sys.executable, "-c", FILL, tmp_path],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parent.parent.parent,
        )

        assert run.stdout.startswith("The file could not be stored: File too large.")
        assert files(tmp_path) == []

    def test_a_place_that_takes_no_files_is_told(self, settings):
        block(settings.MEDIA_ROOT)

        with pytest.raises(FileNotStored, match="could not be stored"):
            default_storage.save("cvs/a.pdf", ContentFile(b"x"))

    def test_a_file_is_for_the_site_and_its_group_alone(self):
        name = default_storage.save("cvs/a.pdf", ContentFile(b"abc"))

        assert Path(default_storage.path(name)).stat().st_mode & 0o777 == 0o640

    def test_what_was_stored_for_an_action_that_is_taken_back_goes_again(self):
        with begin(None) as act:
            name = default_storage.save("cvs/a.pdf", ContentFile(b"abc"))

        take_back(act)

        assert not default_storage.exists(name)

    def test_a_file_of_the_same_name_survives_a_failure(self, settings):
        default_storage.save("cvs", ContentFile(b"live"))

        with pytest.raises(FileNotStored):
            default_storage.save("cvs/a.pdf", ContentFile(b"x"))

        assert Path(default_storage.path("cvs")).read_bytes() == b"live"
