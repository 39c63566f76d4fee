"""Who is acting: the signed-in user of the request, for receivers that have no request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import HttpRequest, HttpResponse

Somebody = AbstractUser | AnonymousUser | None
_actor: ContextVar[Somebody] = ContextVar("actor", default=None)


def current_actor() -> AbstractUser | None:
    """Return the signed-in user on whose behalf this code runs; None in a shell or a worker."""
    user = _actor.get()
    return user if user and user.is_authenticated else None


def actor_name() -> str:
    """Return the actor's name for a sentence such as "deleted by …"."""
    actor = current_actor()
    return str(actor) if actor else "the system"


@contextmanager
def acting_as(user: Somebody) -> Iterator[None]:
    """Make `user` the actor for a block of code."""
    token = _actor.set(user)
    try:
        yield
    finally:
        _actor.reset(token)


class ActorMiddleware:
    """Make the signed-in user the actor while a request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_as(request.user):
            return self.get_response(request)
