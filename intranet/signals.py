"""Signals of the ground floor, by which the upper floors join in without being imported."""

from django.dispatch import Signal


class DescribedSignal(Signal):
    """A signal that says `when` it is sent, for the page "What happens by itself"."""

    def __init__(self, when: str):
        super().__init__()
        self.when = when


work_due = DescribedSignal("Every second, by the worker")
"""Sent by the worker in every round, about once a second. Receivers do a bounded piece of their
pending work and return how many things they did. Arguments: none. Sender: None."""

long_work_due = DescribedSignal("Every minute, by the worker")
"""Sent by the worker about once a minute, in a thread beside its rounds, for work that takes longer
than mail may wait. Receivers return how many things they did. Arguments: none. Sender: None."""

file_removed = DescribedSignal("After a file has gone")
"""Sent after a file has gone from its storage, once for each removal. Receivers run outside any
transaction and cannot bring it back; an exception in one is logged and stops nothing. Arguments:
`storage` (alias in STORAGES, or "app.Model.field" whose storage it is), `name` (in that storage),
`source` ("app.Model.field" that named it; "" for a file that no row named), `reason` (a
FileRemoval.Reason). Sender: FileRemoval."""

site_restored = DescribedSignal("After a copy of the site is restored")
"""Sent once a copy of the site was restored, before anything works on it, in one transaction.
Receivers hold back what may have happened since the copy was made, and return the sentence that
says so. Arguments: none. Sender: None."""
