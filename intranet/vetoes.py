"""Refusing an operation from a receiver: an exception in code, a message in the admin."""

import logging

from django.contrib import messages
from django.http import HttpResponseRedirect

from .collisions import TRY_AGAIN, is_collision

logger = logging.getLogger(__name__)


class Veto(Exception):
    """Raised by a receiver to refuse what is going on; its text is shown to the admin."""


def refusal(request, exception: Exception) -> HttpResponseRedirect | None:
    """Return the way back to the same page for a Veto or a collision; None for other errors."""
    if isinstance(exception, Veto):
        messages.error(request, str(exception))
    elif request.method == "POST" and is_collision(exception):
        logger.error("a request collided with somebody else's", exc_info=exception)
        messages.error(request, f"{TRY_AGAIN} Look again, and repeat it if need be.")
    else:
        return None
    return HttpResponseRedirect(request.get_full_path())


class VetoMiddleware:
    """Turn a Veto or a collision, which undid the work, into a message on the same page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        return refusal(request, exception)
