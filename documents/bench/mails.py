"""Mail beside a bare SMTP loop, two workers beside one, and a link behind thousands.

Of these, wall time counts: the server is a process of its own, which takes its time, too.
"""

import asyncio
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from statistics import median
from time import perf_counter, sleep

from aiosmtpd.controller import UnthreadedController
from django.conf import settings
from django.db import connection, connections
from django.test import override_settings

from documents.models import Post
from documents.publishing import facts
from intranet.outbox.delivery import deliver_due
from intranet.outbox.mail import compose, queue
from intranet.outbox.models import Mail

from . import clock
from .clock import Line

SMTP = "intranet.outbox.smtp.EmailBackend"
PARAGRAPH = "<p>On Monday the canteen opens again, with soup and with <b>bread</b>.</p>"
Priority, Status = Mail.Priority, Mail.Status
fork = get_context("fork")


def mails(few: int, many: int, million: bool) -> Iterator[Line]:
    """Deliver a post to `few` people, and queue a link behind mails to five times as many."""
    with server() as port:
        taken: dict[str, list[float]] = {"bare": [], "here": []}
        for _ in range(clock.rounds):
            message = compose(post_to(few)[0]).message().as_bytes(linesep="\r\n")
            taken["bare"].append(wall(lambda it=message: bare_loop(few, port, it)))
            taken["here"].append(wall(lambda: deliver_all(few)))
        here, bare = median(taken["here"]), median(taken["bare"])
        told, bar = f"{bare / few * 1000:.2f} ms", 1.8 if connection.vendor == "sqlite" else 2.5
        yield Line("a mail, to a bare SMTP loop", here / bare, told, bar)
        post_to(5 * few)
        new = [f"i{number}@example.com" for number in range(5 * few)]
        queue("notice", new, {"message": "x"}, priority=Priority.INVITATION)
        waited = wait_for_link()
        text = f"a link behind {5 * few:,} invitations and a post to as many, seconds"
        yield Line(text, waited, "", 2)
    with server(pause=0.01):
        one, two = (median(with_workers(n, few) for _ in range(clock.rounds)) for n in (1, 2))
        told = "the server takes 10 ms a mail"
        yield Line("two workers, times as fast as one (at least)", one / two, told, 1.8)


def wall(do: Callable) -> float:
    start = perf_counter()
    do()
    return perf_counter() - start


def post_to(count: int) -> list[Mail]:
    Mail.objects.all().delete()
    post = Post(title="The canteen", body=PARAGRAPH * 10)
    to = [f"p{number}@example.com" for number in range(count)]
    said = facts(post) | {"byline": "Ada"}
    queue("post", to, said, priority=Priority.POST)
    return Mail.objects.order_by("pk")


def bare_loop(count: int, port: int, message: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as there:
        for number in range(count):
            there.sendmail(settings.SERVER_EMAIL, [f"p{number}@example.com"], message)


def deliver_all(count: int) -> None:
    sent = 0
    while done := deliver_due()[Status.SENT]:
        sent += done
    if sent != count:
        raise RuntimeError(f"{sent} of {count} mails were sent.")


def with_workers(number: int, count: int) -> float:
    """Return the seconds in which so many workers deliver a post."""
    post_to(count)
    return wall(lambda: [it.join() for it in [start(deliver_until_none) for _ in range(number)]])


def wait_for_link() -> float:
    """Return the seconds that a link waits which is queued while others are mailed."""
    worker = start(deliver_until_none)
    while not Mail.objects.filter(status=Status.SENT).exists():
        sleep(0.05)
    [link] = queue("notice", ["ada@example.com"], {"message": "x"}, priority=Priority.AWAITED)
    waited = wall(lambda: wait_until_sent(link))
    worker.terminate()
    worker.join()
    return waited


def wait_until_sent(mail: Mail) -> None:
    while not Mail.objects.filter(pk=mail.pk, status=Status.SENT).exists():
        sleep(0.02)


def deliver_until_none() -> None:
    while deliver_due():
        pass


def start(do: Callable, *args) -> BaseProcess:
    connections.close_all()  # it is not to share one
    process = fork.Process(target=do, args=args, daemon=True)
    process.start()
    return process


@contextmanager
def server(pause: float = 0) -> Iterator[int]:
    """Run a mail server in a process of its own, which takes `pause` seconds for each mail."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    there = {"MAIL_TRANSPORT": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": port}
    process = start(serve, port, pause)
    while not is_open(port):
        sleep(0.05)
    try:
        with override_settings(**there):
            yield port
    finally:
        process.terminate()
        process.join()


def is_open(port: int) -> bool:
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


def serve(port: int, pause: float) -> None:
    class Takes:
        async def handle_DATA(self, *args):
            await asyncio.sleep(pause)
            return "250 OK"

    loop = asyncio.new_event_loop()
    controller = UnthreadedController(Takes(), hostname="127.0.0.1", port=port, loop=loop)
    controller.begin()
    loop.run_forever()
