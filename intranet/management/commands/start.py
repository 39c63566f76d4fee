"""Web server and worker together, on this machine, until Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from threading import Event

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

HOST = "127.0.0.1"
GRACE = 10  # seconds a process has to end before it is killed


def refuse_taken(port: int) -> None:
    """Raise CommandError when there is no such port, or something answers on it already."""
    if not 0 < port < 65536:
        raise CommandError(f"A port is a number from 1 to 65535, not {port}.")
    try:
        socket.create_connection(("localhost", port), timeout=1).close()
    except OSError:
        return
    free = port + 1 if port < 65535 else 8000
    raise CommandError(f"Port {port} is taken. Choose another one: PORT={free}")


def web_command(port: int) -> list[str]:
    """Return the command line of the web server: Django's own in development, else gunicorn."""
    if settings.PRODUCTION:
        gunicorn = [sys.executable, "-m", "gunicorn", "intranet.wsgi", "--timeout", "120"]
        return [*gunicorn, "--bind", f"{HOST}:{port}"]
    return [*manage("runserver"), "--noreload", f"{HOST}:{port}"]


def manage(command: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), command]


class Command(BaseCommand):
    """Bring the database up to date and run the web server and the worker side by side.

    Both belong together: without the worker no mail goes out and no file is removed. When one of
    them ends, for whatever reason, the other is ended too. For a server that has to come back
    after a crash or a reboot, docs/production.md shows two systemd units instead.
    """

    help = "Runs the web server and the worker together until Ctrl-C."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--demo", action="store_true", help="Fill in the demo first.")

    def handle(self, *, port, demo, **options):
        refuse_taken(port)
        if settings.PRODUCTION and not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
            raise CommandError("Static files are missing: run python manage.py collectstatic")
        address = settings.SITE_URL if settings.PRODUCTION else f"http://localhost:{port}"
        if not settings.PRODUCTION:  # links in mails lead here
            settings.SITE_URL = os.environ.setdefault("SITE_URL", address).rstrip("/")
        call_command("migrate", verbosity=0)
        if demo:
            call_command("demo")
        self.offer_superuser()
        connections.close_all()
        self.stdout.write(f"\nThe intranet: {address}/  (Ctrl-C stops it)\n\n")
        self.stdout.flush()  # what is printed above, such as a password, is wanted now
        self.run_together({"web server": web_command(port), "worker": manage("worker")})

    def offer_superuser(self):
        """Ask for a superuser when there is none; without a terminal, say how to make one."""
        if get_user_model().objects.superusers().exists():
            return
        if sys.stdin.isatty():
            self.stdout.write("Nobody can sign in yet. Who shall run the intranet?")
            call_command("createsuperuser")
        else:
            self.stdout.write("Nobody can sign in yet: run python manage.py createsuperuser")

    def run_together(self, commands: dict[str, list[str]]) -> None:
        """Run all commands until a signal comes or one of them ends; leave none behind."""
        stop = Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        quiet = {"PYTHONUNBUFFERED": "1", "DJANGO_RUNSERVER_HIDE_WARNING": "true"}
        processes, ended = {}, []
        try:
            for name, command in commands.items():
                processes[name] = subprocess.Popen(  # noqa: S603
                    command, env=os.environ | quiet, stdin=subprocess.DEVNULL
                )
            while not ended and not stop.wait(0.2):
                ended = [name for name, it in processes.items() if it.poll() is not None]
        finally:
            end(processes.values())
        for name in ended:
            status = processes[name].returncode
            raise CommandError(f"The {name} ended (exit status {status}), so everything stopped.")


def end(processes) -> None:
    """Ask every process to end, and kill what is left after GRACE seconds."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
