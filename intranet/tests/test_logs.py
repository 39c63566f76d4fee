import io
import logging

import pytest
from django.core.exceptions import PermissionDenied
from django.core.signing import Signer

from intranet.logs import LinkMask

LINK = "/admin/password_reset/64:abc_D-e/dicep4-3186fa1fa9b368/"


def written(logger_name, message, *args, exc_info=None, **extra):
    """Return what a logger of the site writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger(logger_name)
    logger.addHandler(handler)
    try:
        logger.warning(message, *args, exc_info=exc_info, extra=extra)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


class TestLinkMask:
    @pytest.mark.parametrize("name", ["django.server", "django.request", "django.security.csrf"])
    def test_a_link_is_blanked_out(self, name):
        line = written(name, '"%s" %s', f"GET {LINK}?x=1 HTTP/1.1", 200)

        assert line == '"GET /admin/password_reset/64:abc_D-e/***/?x=1 HTTP/1.1" 200\n'

    @pytest.mark.parametrize("colon", [":", "%3A", "%3a"])
    def test_so_is_whatever_is_signed(self, colon):
        address = f"/admin/acknowledge/{Signer().sign('7-64').replace(':', colon)}/"

        line = written("django.server", '"%s" %s', f"GET {address} HTTP/1.1", 200)

        assert line == f'"GET /admin/acknowledge/7-64{colon}***/ HTTP/1.1" 200\n'

    def test_so_it_is_in_what_gunicorn_takes_for_arguments(self):
        request_line = {"r": f"GET {LINK} HTTP/1.1", "f": f"https://intranet.test{LINK}"}
        record = logging.LogRecord("", 20, "", 1, '"%(r)s" "%(f)s"', (request_line,), None)

        LinkMask().filter(record)

        assert "dicep4" not in record.getMessage()

    def test_other_lines_stay_as_they_are(self):
        assert written("django.server", "%s", "GET /admin/ 100%") == "GET /admin/ 100%\n"


class TestQuiet:
    @pytest.mark.parametrize(
        ("path", "status", "kept"),
        [
            ("/static/intranet/theme.css", 200, False),
            ("/media/photos/1.png?x=1", 304, False),
            ("/media/photos/1.png", 404, True),
            ("/admin/static/", 200, True),
        ],
    )
    def test_files_that_came_are_left_out(self, path, status, kept):
        line = written("django.server", '"%s" %s %s', f"GET {path} HTTP/1.1", status, 12)

        assert bool(line) == kept


class TestBrief:
    @pytest.mark.parametrize(("status", "traceback"), [(403, False), (404, False), (500, True)])
    def test_refused_pages_have_no_traceback(self, status, traceback):
        try:
            raise PermissionDenied
        except PermissionDenied:
            line = written("django.request", "Page: %s", "/x/", status_code=status, exc_info=True)

        assert line.startswith("Page: /x/\n")
        assert ("Traceback" in line) == traceback
