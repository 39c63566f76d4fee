"""Keeping links to set a password out of the logs."""

import logging
import re

LINK = re.compile(r"(/password_reset/[^/\s]+/)(?!new/|set-password/)[^/\s\"'?]+")


class LinkMask(logging.Filter):
    """Blanks out the token of a link in a log line; whoever reads the log could use it."""

    def filter(self, record):
        line = record.getMessage()
        if LINK.search(line):
            record.msg, record.args = LINK.sub(r"\1***", line), None
        return True
