"""Signals of papers and posts."""
