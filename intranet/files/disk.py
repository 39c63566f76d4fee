"""Storing uploads so that a full or read-only disk is an error to show, never half a file."""

import logging
from contextlib import suppress

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

logger = logging.getLogger(__name__)


class FileNotStored(OSError):
    """A storage could not take a file; the text is for whoever uploaded it."""

    def __init__(self, cause: Exception):
        reason = getattr(cause, "strerror", None) or "the store cannot be reached"
        super().__init__(
            f"The file could not be stored: {reason}. Nothing was saved. "
            "Try again later, or tell whoever runs the intranet."
        )


class NotStored(SimpleUploadedFile):
    """Stands for an upload that could not be stored, in the form that is told of it."""

    def __init__(self, name: str, failure: FileNotStored):
        super().__init__(name, b"")
        self.failure = failure


class DiskStorage(FileSystemStorage):
    """Files in a folder: one that cannot be stored whole raises FileNotStored and leaves none."""

    def _save(self, name, content):
        # A spooled upload is copied, because Django's own move between two disks cuts a file
        # short, silently, when the disk is full.
        whole = File(content.file, name) if hasattr(content, "temporary_file_path") else content
        try:
            return super()._save(name, whole)
        except OSError as error:
            logger.exception("%s could not be stored", name)
            with suppress(OSError):
                self.delete(name)  # the name was free a moment ago, so this is the part written
            raise FileNotStored(error) from error


class SpoolHandler(TemporaryFileUploadHandler):
    """Spools large uploads to FILE_UPLOAD_TEMP_DIR; a full disk there is told to the form."""

    def new_file(self, *args, **kwargs):
        self.failure = None
        self._try(super().new_file, *args, **kwargs)

    def receive_data_chunk(self, raw_data, start):
        self._try(super().receive_data_chunk, raw_data, start)

    def file_complete(self, file_size):
        file = self._try(super().file_complete, file_size)
        return NotStored(self.file_name, self.failure) if self.failure else file

    def _try(self, step, *args, **kwargs):
        """Take a step unless an earlier one failed; the rest of the upload is read and dropped."""
        if self.failure:
            return None
        try:
            return step(*args, **kwargs)
        except OSError as error:
            logger.exception("an upload could not be spooled")
            self.failure = FileNotStored(error)
            return None
