#!/usr/bin/env python
"""Command line of the intranet: `python manage.py help` lists the commands."""

import os
import sys

NO_ACTIONS = {"runserver", "shell", "start", "test", "testserver", "worker"}  # many, or none
MEASURES = {"bench", "compare_cleanup"}  # on databases of their own


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intranet.settings")
    from django.core.management import execute_from_command_line

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command in NO_ACTIONS | MEASURES:
        execute_from_command_line(sys.argv)
        return
    import django

    django.setup()
    from intranet.trace import counts
    from intranet.trace.action import Via, begin

    try:
        with begin(None, Via.COMMAND, f"python manage.py {command}"):  # its arguments may be secret
            execute_from_command_line(sys.argv)
    finally:
        counts.store()


if __name__ == "__main__":
    main()
