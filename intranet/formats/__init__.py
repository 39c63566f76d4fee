"""How dates and times are written, by language: one way on all pages and in all mails."""
