"""Sessions in the database, for which whoever only reads never waits."""

from contextlib import nullcontext

from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import OperationalError
from django.utils.cache import patch_vary_headers

from ..locks import AT_ONCE, aside, is_busy, waiting

READ = {"GET", "HEAD"}


class SessionStore(db.SessionStore):
    """Leaves a session that is over, and opens nothing, where whoever only reads would wait."""

    is_read = False

    def delete(self, session_key=None):
        with aside() if self.is_read else nullcontext():
            super().delete(session_key)


def comes_of_busy(error: BaseException | None) -> bool:
    return bool(error) and (is_busy(error) or comes_of_busy(error.__context__))


class SessionMiddleware(middleware.SessionMiddleware):
    """Leaves out what reading changes of a session, such as that messages were shown."""

    def process_request(self, request):
        super().process_request(request)
        request.session.is_read = request.method in READ

    def process_response(self, request, response):
        if request.method not in READ or not request.session.modified:
            return super().process_response(request, response)
        try:
            with waiting(AT_ONCE):
                return super().process_response(request, response)
        except (SessionInterrupted, OperationalError) as error:
            if not comes_of_busy(error):
                raise
            patch_vary_headers(response, ["Cookie"])
            return response
