"""Taking migrations back to nothing, and forward again, as `migrate APP zero` does."""

import os
import shutil
import subprocess
import sys

import pytest
from django.conf import settings

BACK_AND_FORWARD = """
from django.contrib.auth.models import Group
from django.core.management import call_command
call_command("migrate", "{app}", "zero", verbosity=0)
call_command("migrate", verbosity=0)
print(sorted((group.name, group.permissions.exists()) for group in Group.objects.all()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("app", ["auth", "contenttypes", "staff", "documents", "intranet"])
def test_an_app_can_be_unmigrated_and_migrated_again(app, tmp_path, migrated):
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{shutil.copy(migrated, tmp_path)}"}
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", BACK_AND_FORWARD.format(app=app)]

    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True
    )

    assert done.stderr == ""
    assert done.stdout.strip() == "[('Editors', True), ('HR', True), ('User', True)]"
