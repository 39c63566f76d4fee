"""Admin pages of people."""

from . import departments, directory, users

__all__ = ["departments", "directory", "users"]
