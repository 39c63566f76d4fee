"""Signals of the ground floor, by which the upper floors join in without being imported."""

from django.dispatch import Signal

work_due = Signal()
"""Sent by the worker in every round, about once a second. Receivers do a bounded piece of their
pending work and return how many things they did. Arguments: none. Sender: None."""

long_work_due = Signal()
"""Sent by the worker about once a minute, in a thread beside its rounds, for work that takes longer
than mail may wait. Receivers return how many things they did. Arguments: none. Sender: None."""

dashboard_opened = Signal()
"""Sent when the dashboard is drawn. Receivers return what they contribute: a dict with optional
`cards` (list of {"title", "value", "url", "hint"}) and `posts`. Arguments: `request`.
Sender: None."""

demo_filled = Signal()
"""Sent by the `demo` command, inside one transaction with all mails and notices paused. Receivers
create their own fictional rows and return lines for the summary. Arguments: `rng` (a seeded
random.Random), `progress` (a tqdm bar; receivers add to `progress.total` and call
`progress.update()`). Sender: None."""
