"""Signals of papers and posts."""

from django.dispatch import Signal

file_removed = Signal()
"""Sent after a file has gone from its storage, once for each removal. Receivers run outside any
transaction and cannot bring it back; an exception in one is logged and stops nothing. Arguments:
`storage` (alias in STORAGES, or "app.Model.field" whose storage it is), `name` (in that storage),
`source` ("app.Model.field" that named it; "" for a file that no row named), `reason` (a
FileRemoval.Reason). Sender: FileRemoval."""
