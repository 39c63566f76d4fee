from . import mails, notices

__all__ = ["mails", "notices"]
