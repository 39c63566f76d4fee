"""A real mail server on loopback, with a will of its own."""

import asyncio
import socket
import time
from contextlib import suppress
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller


class MailServer:
    """Keeps what it accepts in `received` as (recipient, Message-ID, raw bytes).

    `answers` maps a recipient to the reply to RCPT, `after_data` is the reply to the message. On
    a recipient in `cut_off` the connection ends without a word; `cuts` has their peers.
    While `hold` is true, messages wait unaccepted. `arrived` has the peer of every message.
    """

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.received, self.answers, self.arrived, self.hold = [], {}, [], False
        self.after_data = "250 OK"
        self.cut_off, self.cuts = set(), []
        self.controller = None

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self):
        if self.controller:
            with suppress(OSError, AssertionError):
                self.controller.stop()
        self.controller = None

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, *_ in self.received]

    @property
    def message_ids(self) -> list[str]:
        return [message_id for _, message_id, _ in self.received]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.cut_off:
            self.cuts.append(session.peer)
            server.transport.abort()
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        self.arrived.append(session.peer)
        while self.hold:
            await asyncio.sleep(0.01)
        raw = envelope.original_content
        if self.after_data.startswith("250"):
            message_id = message_from_bytes(raw)["Message-ID"]
            self.received += [(to, message_id, raw) for to in envelope.rcpt_tos]
        return self.after_data


def wait_until(condition, seconds=30):
    """Wait for something another process does; give up when it does not."""
    for _ in range(seconds * 50):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("It did not happen.")
