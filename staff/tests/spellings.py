"""One address in several spellings, and addresses with what nobody sees."""
# ruff: noqa: RUF001

STORED = "ann@müller.de"
SPELLINGS = ["ann@xn--mller-kva.de", "Ann@MÜLLER.de", "ａｎｎ@ｍｕ\u0308ｌｌｅｒ.de"]
UNSEEN = [
    "ann@example.com\u200b",
    "ann@exa\u00admple.com",
    "\ufeffann@example.com",
    "a\u2060nn@example.com",
    '"a\x01nn"@example.com',
]
