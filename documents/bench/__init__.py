"""What the intranet costs, beside raw SQL, the stock admin and plain Unfold in the same run."""

from .history import trace
from .idle import idle
from .lists import first, lists, person
from .mails import mails
from .people import people

SUBJECTS = {it.__name__: it for it in (lists, first, person, people, mails, idle, trace)}
