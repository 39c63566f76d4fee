"""Storing uploads so that a full or read-only disk is an error to show, never half a file."""

import logging
from contextlib import suppress
from functools import partial

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _

from ..trace.action import current
from ..trace.rehearsal import is_rehearsing

logger = logging.getLogger(__name__)


class FileNotStored(OSError):
    """A storage could not take a file; the text is for whoever uploaded it."""

    def __init__(self, cause: Exception):
        reason = getattr(cause, "strerror", None) or _("the store cannot be reached")
        message = _(
            "The file could not be stored: %(reason)s. Nothing was saved. Try again later, or tell "
            "whoever runs the intranet."
        )
        super().__init__(message % {"reason": reason})


class NotStored(SimpleUploadedFile):
    """Stands for an upload that could not be stored, in the form that is told of it."""

    def __init__(self, name: str, failure: FileNotStored):
        super().__init__(name, b"")
        self.failure = failure


class Careful:
    """Joined to a storage: in a rehearsal it touches no file, and says what it cannot store.

    What was stored for an action that is taken back goes again.
    """

    failures: tuple[type[Exception], ...] = (OSError,)

    def save(self, name: str, content: "File[bytes]", max_length: int | None = None) -> str:
        if is_rehearsing():
            return name
        try:
            stored: str = super().save(name, content, max_length)  # type: ignore[misc]
        except self.failures as error:
            logger.exception("%s could not be stored", name)
            raise FileNotStored(error) from error
        if act := current():
            act.takes_back.append(partial(self.delete, stored))
        return stored

    def delete(self, name: str) -> None:
        if not is_rehearsing():
            super().delete(name)  # type: ignore[misc]


class DiskStorage(Careful, FileSystemStorage):  # type: ignore[misc]  # as the stubs have it
    """Files in a folder: of one that cannot be stored whole no part is left."""

    def _save(self, name: str, content: "File[bytes]") -> str:
        try:
            stored: str = super()._save(name, content)  # type: ignore[misc]  # not in the stubs
        except OSError:
            with suppress(OSError):
                self.delete(name)  # the name was free a moment ago, so this is the part written
            raise
        return stored
