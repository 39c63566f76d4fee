"""Files on S3, over HTTP, against a server that runs in this process."""

import logging
from contextlib import contextmanager

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from ..lab import paper, replace, rolled_back, scenario, upload
from ..models import Paper

server = None
if settings.REMOTE:  # once, before the runner forks a process for each scenario
    import boto3
    from moto.server import ThreadedMotoServer

    boto3.client("s3", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106


def start():
    """Start an S3 server and tell the storage its address."""
    global server
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for each request
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    address, server._port = server.get_host_and_port()
    default_storage.endpoint_url = f"http://{address}:{server._port}"
    default_storage.connection.create_bucket(Bucket=default_storage.bucket_name)


@contextmanager
def server_down():
    from botocore.exceptions import BotoCoreError

    server.stop()
    server._server.server_close()
    try:
        yield
    except BotoCoreError:
        pass  # the visitor's error page
    finally:
        server.start()


@scenario("S3: delete")
def s3_delete():
    paper().delete()


@scenario("S3: delete, rolled back")
def s3_delete_rolled_back():
    row = paper()
    with rolled_back():
        row.delete()


@scenario("S3: replace")
def s3_replace():
    replace(paper())


@scenario("S3: upload, rolled back")
def s3_create_rolled_back():
    with rolled_back():
        paper()


@scenario("S3: clear")
def s3_clear():
    row = paper()
    row.file = ""
    row.save()


@scenario("S3: the same name twice, delete one")
def s3_same_name():
    row = paper("a")
    paper("a")
    row.delete()


@scenario("S3: two rows share a file, delete one")
def s3_shared():
    row = paper()
    Paper.objects.create(file=row.file.name)
    row.delete()


@scenario("S3: swap the files of two rows in one transaction")
def s3_swap():
    first, second = paper("a"), paper("b")
    with transaction.atomic():
        first.file, second.file = second.file.name, first.file.name
        first.save()
        second.save()


@scenario("S3: queryset delete of 20 rows")
def s3_queryset_delete():
    Paper.objects.bulk_create(Paper(file=upload(f"n{number}")) for number in range(20))
    Paper.objects.all().delete()


@scenario("S3: outage on delete")
def s3_outage_on_delete():
    row = paper()
    with server_down():
        row.delete()


@scenario("S3: outage on a queryset delete")
def s3_outage_on_queryset_delete():
    for tag in "abc":
        paper(tag)
    with server_down():
        Paper.objects.all().delete()


@scenario("S3: outage on replace")
def s3_outage_on_replace():
    row = paper()
    row.file = default_storage.save("b.txt", upload("b"))
    with server_down():
        row.save()
