"""Sessions in the database, for which whoever only reads never waits."""

from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.contrib.sessions.exceptions import SessionInterrupted

from ..locks import AT_ONCE, aside, waiting


class SessionStore(db.SessionStore):
    """Deletes a session another time if somebody else writes to SQLite.

    Pages delete those that are over, which open nothing. Signing out holds the lock by then.
    """

    def delete(self, session_key=None):
        with aside():
            super().delete(session_key)


class SessionMiddleware(middleware.SessionMiddleware):
    """Saves another time what reading changes of a session, such as that messages were shown."""

    def process_response(self, request, response):
        if request.method != "GET" or not request.session.modified:
            return super().process_response(request, response)
        try:
            with waiting(AT_ONCE):
                return super().process_response(request, response)
        except SessionInterrupted:  # so is the error of a locked database called
            return response
