"""Operations that are undone, with words: a receiver refuses, or somebody else was faster."""

import logging

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connections
from django.db.models import Model
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy

from .locks import is_busy

COLLIDED = gettext_lazy(
    "Somebody else changed something that belongs to this at the same moment, so nothing was "
    "saved. Look again, and repeat it if need be."
)
BUSY = gettext_lazy(
    "The site is busy with something long, so nothing could be saved. Please try again in a minute."
)
DEADLOCKS = {"40001", "40P01"}  # SQLSTATE of transactions that waited for each other
logger = logging.getLogger(__name__)


class Veto(Exception):
    """Raised by a receiver to refuse what is going on; its text is shown to the admin."""


class Noted(Exception):
    """Some work failed and was noted; what is behind it need not wait."""


class TakesTooLong(BaseException):
    """A rehearsal keeps others waiting; no receiver catches this."""


# Of a receiver that raises one.
NO_FAILURES = (Veto, Noted, TakesTooLong, PermissionDenied, ValidationError)


class Refusal(HttpResponseRedirect):
    """The way back to the page of the form, for nothing was done."""


def is_collision(error: Exception) -> bool:
    """Return whether an operation that looked right was refused because of what others did.

    Django itself raises a bare DatabaseError where the row to be updated is gone.
    """
    is_gone = type(error) is DatabaseError and error.__cause__ is None
    state = getattr(error.__cause__, "sqlstate", None)
    return is_gone or isinstance(error, IntegrityError) or state in DEADLOCKS


def refuse_early(using: str) -> None:
    """Have the database refuse now what it else refuses at the commit, where no view answers."""
    connection = connections[using]
    if connection.features.has_select_for_update:  # elsewhere nobody writes meanwhile
        connection.check_constraints()


def hold(row: Model) -> bool:
    """Keep a row from being deleted until the transaction ends; return False when it is gone."""
    rows = type(row)._base_manager.using(row._state.db).select_for_update(no_key=True)
    return rows.filter(pk=row.pk).exists()


def answer_to(request, exception: Exception) -> Refusal | None:
    """Return the answer to a Veto or a collision, with a message; None for other errors."""
    if isinstance(exception, Veto):
        messages.error(request, str(exception))
    elif request.method == "POST" and is_collision(exception):
        logger.error("a request collided with somebody else's", exc_info=exception)
        messages.error(request, COLLIDED)
    elif is_busy(exception):  # to ask what many rows do takes writing, too
        logger.warning("a request could not be carried out: the database is locked")
        messages.error(request, BUSY)
    else:
        return None
    return Refusal(way_back(request))


def way_back(request):
    """Return the page that the form or the link is on: some are sent to where there is no page."""
    page, own = request.headers.get("Referer", ""), {request.get_host()}
    is_own = url_has_allowed_host_and_scheme(page, own, require_https=request.is_secure())
    if is_own and page != request.build_absolute_uri():
        return page
    return request.get_full_path() if request.method == "POST" else reverse("admin:index")


class VetoMiddleware:
    """Turn a Veto or a collision, which undid the work, into a message on the same page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        return answer_to(request, exception)
