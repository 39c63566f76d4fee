"""What an app does that is added later is shown and told without a word about it elsewhere."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow

MAKE = """
from intranet.tests.later.models import Badge, Locker
from staff.tests.factories import make_superuser, make_user
make_superuser()
ada = make_user("ada")
Badge.objects.create(holder=ada)
Locker.objects.create(number="L 7", holder=ada)
print(ada.pk)
"""


@pytest.fixture
def manage(tmp_path):
    """Return what runs a command of a site that has the app, on a database of its own."""
    own = {
        "DJANGO_SETTINGS_MODULE": "intranet.tests.later.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'later.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
    }
    environment = {name: it for name, it in os.environ.items() if name != "SECRET_KEY"} | own

    def manage(*args):
        command = [sys.executable, "manage.py", *args]
        how = {"cwd": settings.BASE_DIR, "env": environment, "capture_output": True, "text": True}
        done = subprocess.run(command, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout

    manage("migrate", "--run-syncdb", "-v0")
    return manage


class TestAnAppAddedLater:
    def test_appears_in_the_plan_of_a_deletion_by_itself(self, manage):
        key = manage("shell", "-v0", "-c", MAKE).split()[-1]

        plan = manage("rehearse", "delete", "staff.user", key)

        assert "  1 badge: Badge of ada\n" in plan
        assert "  1 locker, no holder any more: L 7\n" in plan
        assert "\nKeys to fetch\n  1 key to fetch\n" in plan
        assert "“Fetch a key”: porter@example.com" in plan
        assert "1 key to fetch" in plan.splitlines()[0]

    def test_is_listed_among_the_receivers(self, manage):
        assert "return_key" in manage("list_receivers")
