"""Papers and posts."""

from .papers import DOCUMENT_NAMES, Document, document_path
from .posts import Post, PostQuerySet

__all__ = ["DOCUMENT_NAMES", "Document", "Post", "PostQuerySet", "document_path"]
