"""The files that install and carry the site: the lock, the image, the composition."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[\w+\])?==([^\s;]+)", re.MULTILINE)


def pins(name):
    """Return the exact version of each package that a list of requirements names."""
    return {
        re.sub(r"[-_.]+", "-", package).lower(): version
        for package, version in PIN.findall((ROOT / name).read_text())
    }


def services():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


class TestLock:
    @pytest.mark.parametrize("name", ["requirements.txt", "requirements-s3.txt"])
    def test_holds_the_versions_of_the_readable_list(self, name):
        assert pins(name).items() <= pins("requirements.lock").items(), "run: make lock"

    def test_knows_every_package_by_its_hash(self):
        packages = (ROOT / "requirements.lock").read_text().split("\n    # via")

        assert all("--hash=sha256:" in package for package in packages if PIN.search(package))

    def test_names_no_host(self):
        text = (ROOT / "requirements.lock").read_text()

        assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


class TestImage:
    def test_runs_as_nobody_special(self):
        *_, user = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

        assert user not in ("0", "root")

    def test_installs_by_hash(self):
        assert "--require-hashes" in (ROOT / "Dockerfile").read_text()

    @pytest.mark.parametrize("name", [".env", ".git", "media", "db.sqlite3*"])
    def test_takes_no_secrets_and_no_data_along(self, name):
        assert name in (ROOT / ".dockerignore").read_text().splitlines()


class TestComposition:
    def test_runs_web_server_worker_and_database(self):
        assert set(services()) == {"web", "worker", "migrate", "database"}

    @pytest.mark.parametrize("service", ["web", "worker", "migrate", "database"])
    def test_holds_no_secret(self, service):
        secret = re.compile("SECRET|PASSWORD|DATABASE_URL|EMAIL_URL")
        values = [
            value for key, value in services()[service]["environment"].items() if secret.search(key)
        ]

        assert values
        assert all(re.search(r"\$\{[A-Z_]+:\?", value) for value in values)

    def test_keeps_files_and_rows_in_volumes(self):
        assert services()["web"]["volumes"] == services()["worker"]["volumes"]
        assert services()["web"]["volumes"] == ["media:/srv/intranet/media"]
        assert services()["database"]["volumes"] == ["database:/var/lib/postgresql/data"]
