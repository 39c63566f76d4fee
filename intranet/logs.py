"""What stays out of the logs: links to set a password, and noise."""

import logging
import re

LINK = re.compile(r"(/password_reset/[^/\s]+/)(?!new/|set-password/)[^/\s\"'?]+")
FILE = re.compile(r'"(GET|HEAD) /(static|media)/\S* HTTP/[\d.]+" (200|304) ')


class Quiet(logging.Filter):
    """Leaves out what a development server says about files that came as they should."""

    def filter(self, record):
        return not FILE.match(record.getMessage())


class Brief(logging.Filter):
    """Takes the traceback off refused and missing pages: their address says it all."""

    def filter(self, record):
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = record.exc_text = None
        return True


class LinkMask(logging.Filter):
    """Blanks out the token of a link in a log line; whoever reads the log could use it."""

    def filter(self, record):
        line = record.getMessage()
        if LINK.search(line):
            record.msg, record.args = LINK.sub(r"\1***", line), None
        return True
