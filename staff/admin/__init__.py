"""Admin pages of people."""

from . import departments, directory, groups, sign_ins, users

__all__ = ["departments", "directory", "groups", "sign_ins", "users"]
