import os
import subprocess
import sys

from django.conf import settings


def test_before_the_tables_are_there_it_says_how_to_make_them(tmp_path):
    empty = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "DJANGO_SUPERUSER_PASSWORD": "x"}
    command = [sys.executable, "manage.py", "createsuperuser", "--noinput", "--username=root"]

    done = subprocess.run(
        [*command, "--email=root@example.com"],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if name != "SECRET_KEY"} | empty,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "Run first: python manage.py migrate" in done.stderr
    assert "Traceback" not in done.stderr
