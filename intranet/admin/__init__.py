from . import mails, notices, removals

__all__ = ["mails", "notices", "removals"]
