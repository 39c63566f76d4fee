"""Papers and posts."""

from .acknowledgements import Acknowledgement, Reader, Reminder
from .papers import DOCUMENT_NAMES, Document, document_path
from .posts import Post
from .requirements import Requirement

__all__ = [
    "DOCUMENT_NAMES",
    "Acknowledgement",
    "Document",
    "Post",
    "Reader",
    "Reminder",
    "Requirement",
    "document_path",
]
