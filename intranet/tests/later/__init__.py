"""An app that nobody had in mind: see test_later.py."""
