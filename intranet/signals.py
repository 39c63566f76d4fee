"""Signals of the ground floor, by which the upper floors join in without being imported."""

from django.dispatch import Signal

work_due = Signal()
"""Sent by the worker in every round, about once a second. Receivers do a bounded piece of their
pending work and return how many things they did. Arguments: none. Sender: None."""

long_work_due = Signal()
"""Sent by the worker about once a minute, in a thread beside its rounds, for work that takes longer
than mail may wait. Receivers return how many things they did. Arguments: none. Sender: None."""
