"""Refusing an operation from a receiver: an exception in code, a message in the admin."""

from django.contrib import messages
from django.http import HttpResponseRedirect


class Veto(Exception):
    """Raised by a receiver to refuse what is going on; its text is shown to the admin."""


class VetoMiddleware:
    """Turn a Veto, which has rolled the request's work back, into a message on the same page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, Veto):
            return None
        messages.error(request, str(exception))
        return HttpResponseRedirect(request.get_full_path())
