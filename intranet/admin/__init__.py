from . import actions, file_faults, mails, notices, removals, work

__all__ = ["actions", "file_faults", "mails", "notices", "removals", "work"]
