"""Numbers in sentences."""


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return "1 mail" or "3 mails"; `plural` when it is more than `singular` with an s."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"
