from . import actions, file_faults, mails, notices, removals

__all__ = ["actions", "file_faults", "mails", "notices", "removals"]
