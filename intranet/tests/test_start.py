import os
import signal
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from intranet.management.commands import start
from intranet.management.commands.start import Command


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def started(tmp_path, free_port):
    """A running `manage.py start` with its own database and without a terminal."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "SECRET_KEY"},
        "DATABASE_URL": f"sqlite:///{tmp_path / 'start.sqlite3'}",
        "MEDIA_ROOT": str(tmp_path / "media"),
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "start", "--port", str(free_port)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    process.port = free_port
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
    process.wait()


def answer(started, seconds=30):
    """Return the status of the start page as soon as there is an answer."""
    for _ in range(seconds * 5):
        if started.poll() is not None:
            break
        try:
            return urlopen(f"http://127.0.0.1:{started.port}/", timeout=5).status
        except (URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(f"nothing answered on port {started.port}")


def is_gone(group):
    """Return whether no process is left in a process group."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


class TestPort:
    def test_taken_port_is_named_with_a_way_out(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]

            with pytest.raises(CommandError, match=rf"Port {port} is taken.*PORT=\d+"):
                call_command("start", "--port", str(port))

    @pytest.mark.parametrize("port", ["0", "65536", "-1"])
    def test_impossible_port_is_refused(self, port):
        with pytest.raises(CommandError, match="A port is a number from 1 to 65535"):
            call_command("start", f"--port={port}")


class TestProduction:
    def test_missing_static_files_are_named(self, settings, tmp_path, free_port):
        settings.PRODUCTION = True
        settings.STATIC_ROOT = tmp_path

        with pytest.raises(CommandError, match="collectstatic"):
            call_command("start", "--port", str(free_port))


@pytest.mark.slow
class TestStart:
    def test_serves_an_empty_database_until_sigterm(self, started):
        assert answer(started) == 200

        os.kill(started.pid, signal.SIGTERM)

        printed = started.communicate(timeout=30)[0]
        assert f"http://localhost:{started.port}/" in printed
        assert "python manage.py createsuperuser" in printed
        assert printed.index("createsuperuser") < printed.index("system checks"), "in time"
        assert started.returncode == 0
        assert is_gone(started.pid)

    def test_ctrl_c_in_a_terminal_ends_everything(self, started):
        answer(started)

        os.killpg(started.pid, signal.SIGINT)

        assert started.wait(30) == 0
        assert "Traceback" not in started.stdout.read()
        assert is_gone(started.pid)


@pytest.mark.slow
class TestRunTogether:
    @pytest.fixture(autouse=True)
    def same_signal_handlers(self):
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.getsignal(number) for number in numbers]
        yield
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

    def test_end_of_one_ends_the_other(self, tmp_path):
        note = tmp_path / "pid"
        stays = (
            f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid()))"
        )
        fails = (
            f"import os, time\nwhile not os.path.exists({str(note)!r}): time.sleep(0.1)\nexit(3)"
        )

        with pytest.raises(CommandError, match=r"The worker ended \(exit status 3\)"):
            Command().run_together(
                {
                    "web server": [sys.executable, "-c", f"{stays}; time.sleep(60)"],
                    "worker": [sys.executable, "-c", fails],
                }
            )

        with pytest.raises(ProcessLookupError):
            os.kill(int(note.read_text()), 0)

    def test_process_that_ignores_the_signal_is_killed(self, monkeypatch):
        monkeypatch.setattr(start, "GRACE", 0.5)
        deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", f"{deaf}"])
        time.sleep(1)

        start.end([process])

        assert process.returncode == -signal.SIGKILL
