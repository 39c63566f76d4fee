from . import actions, mails, notices, removals

__all__ = ["actions", "mails", "notices", "removals"]
