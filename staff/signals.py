"""Signals that people send up to the floors above."""

from intranet.signals import DescribedSignal

staff_joined = DescribedSignal("When somebody joins")
"""Sent once when somebody joins, in the transaction that makes it true: a person was created
active, by whatever path, and has profile and default group by now, or a leaver was brought back.
Not sent when an account that was switched off is switched on: that is neither joining nor coming
back. Sender: `staff.User`. Arguments: `user`; `returned`, True for a leaver who is back; `using`,
the database."""

staff_left = DescribedSignal("When somebody leaves")
"""Sent once when somebody's leaving is carried out, in the transaction that makes it true; the row
and the papers stay. Not sent when an account is merely switched off, on its page, in bulk or by an
import, nor when somebody is deleted. Sender: `staff.User`. Arguments: `user`, inactive by now;
`using`, the database."""
