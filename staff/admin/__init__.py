"""Admin pages of people."""

from . import departments, directory, groups, users

__all__ = ["departments", "directory", "groups", "users"]
