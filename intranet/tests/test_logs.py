import io
import logging

import pytest

from intranet.logs import LinkMask

LINK = "/admin/password_reset/64:abc_D-e/dicep4-3186fa1fa9b368/"


def written(logger_name, message, *args, **extra):
    """Return what a logger of the site writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger(logger_name)
    logger.addHandler(handler)
    try:
        logger.warning(message, *args, extra=extra)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


class TestLinkMask:
    @pytest.mark.parametrize("name", ["django.server", "django.request", "django.security.csrf"])
    def test_a_link_is_blanked_out(self, name):
        line = written(name, '"%s" %s', f"GET {LINK}?x=1 HTTP/1.1", 200)

        assert line == '"GET /admin/password_reset/64:abc_D-e/***/?x=1 HTTP/1.1" 200\n'

    def test_so_it_is_in_what_gunicorn_takes_for_arguments(self):
        request_line = {"r": f"GET {LINK} HTTP/1.1", "f": f"https://intranet.test{LINK}"}
        record = logging.LogRecord("", 20, "", 1, '"%(r)s" "%(f)s"', (request_line,), None)

        LinkMask().filter(record)

        assert "dicep4" not in record.getMessage()

    def test_other_lines_stay_as_they_are(self):
        assert written("django.server", "%s", "GET /admin/ 100%") == "GET /admin/ 100%\n"
