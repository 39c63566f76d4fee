"""Django's way to a mail server, which would take the same plain addresses apart for each mail."""

import smtplib
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as DjangosBackend

from .written import PLAIN


class EmailBackend(DjangosBackend):
    def _send(self, email_message: EmailMessage) -> bool:
        """Send as Django does, with addresses as they are where there is nothing to encode."""
        sender, to = email_message.from_email, email_message.recipients()
        if not to or not all(map(PLAIN.fullmatch, (sender, *to))):
            return bool(super()._send(email_message))  # type: ignore[misc]
        there: Any = self.connection
        mime: Any = email_message.message()
        try:
            there.sendmail(sender, to, mime.as_bytes(linesep="\r\n"))
        except smtplib.SMTPException:
            if not self.fail_silently:
                raise
            return False
        return True
