"""Check the picture named on the command line and make a photo of it; print what that took (MB)."""

import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intranet.settings")
django.setup()

from django.core.files.base import File  # noqa: E402  (settings come first)

from intranet.files.uploads import IMAGES, check_upload  # noqa: E402
from staff.photos import square_photo  # noqa: E402


def peak():
    """Return the most memory this process has had, in MB; unlike ru_maxrss, not its parent's."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


before = peak()
with Path(sys.argv[1]).open("rb") as content:
    check_upload(File(content), IMAGES)
    square_photo(content)
print(round(peak() - before))  # noqa: T201
