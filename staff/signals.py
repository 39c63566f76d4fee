"""Signals that people send up to the floors above."""
