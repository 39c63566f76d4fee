"""In which language somebody is spoken to: the one they chose, else that of their browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from django.conf import settings
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation import trans_real

KEPT = 10_000  # texts of a language


def language_of(user: object) -> str:
    """Return the language in which somebody is written to; that of the site if they chose none."""
    return getattr(user, "language", "") or settings.LANGUAGE_CODE


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say what is said in a block in `language`; empty for that of the site."""
    with translation.override(language or settings.LANGUAGE_CODE):
        yield


def remember_texts() -> None:
    """Look a text up once: a page says hundreds, each through a chain of five catalogues."""
    texts = trans_real.translation(translation.get_language())
    if "gettext" not in vars(texts):
        texts.gettext = lru_cache(KEPT)(texts.gettext)


class LanguageMiddleware(LocaleMiddleware):
    """Answers in the language that the signed-in person chose, else in that of the browser."""

    def process_request(self, request):
        super().process_request(request)
        if chosen := getattr(request.user, "language", ""):
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        remember_texts()

    def process_response(self, request, response):
        response = super().process_response(request, response)
        translation.deactivate()
        return response
