"""What is logged, and what stays out of it: links that work by themselves, and noise."""

import logging
import re

LINK = re.compile(r"(/password_reset/[^/\s]+/)(?!new/|set-password/)[^/\s\"'?]+")
SIGNED = re.compile(r"(:|%3A)[\w-]{43}(?![\w-])", re.I)  # what Django's Signer adds to a text
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
        masked = SIGNED.sub(r"\1***", LINK.sub(r"\1***", line))
        if masked != line:
            record.msg, record.args = masked, None
        return True


def logging_of(apps: list[str]) -> dict:
    """Return LOGGING for a site that consists of `apps`."""
    own = {"handlers": ["console"], "level": "INFO", "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "brief": {"()": Brief},
            "links": {"()": LinkMask},
            "quiet": {"()": Quiet},
        },
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {
            **dict.fromkeys(apps, own),
            "django.server": own | {"filters": ["links", "quiet"], "propagate": False},
            "django.request": {"filters": ["links", "brief"]},
            "django.security.csrf": {"filters": ["links"]},
            "axes": {"level": "ERROR"},  # it writes names as they were typed, passwords too
        },
    }
