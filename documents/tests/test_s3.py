"""Files on S3, over real HTTP, against a server on loopback."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from documents.models import Document
from documents.tests.copies import empty_site, read, run
from documents.tests.factories import make_document, pdf_bytes
from intranet.files.disk import FileNotStored
from intranet.files.listing import MARKER
from intranet.files.marker import is_tied, tie
from intranet.files.models import FileRemoval, Identity
from intranet.files.removal import carry_out_removals
from intranet.files.sweep import Sweeper
from staff.tests.factories import make_superuser, make_user

pytest.importorskip("storages", reason="needs requirements-s3.txt")
pytest.importorskip("moto", reason="needs moto[server] of requirements-dev.txt")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def server():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def address(server):
    return "http://{}:{}".format(*server.get_host_and_port())


@pytest.fixture
def bucket(address, settings):
    """Make an empty bucket the default storage and return it (boto3)."""
    settings.S3_ADDRESSING_STYLE = "path"
    options = {
        "bucket_name": "papers",
        "endpoint_url": address,
        "region_name": "us-east-1",
        "access_key": "none",
        "secret_key": "none",
        "location": "intranet",
    }
    backend = {"BACKEND": "intranet.files.bucket.BucketStorage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    bucket = default_storage.bucket
    bucket.create()
    yield bucket
    bucket.objects.delete()
    bucket.delete()


@pytest.fixture
def paper(bucket):
    return make_document(make_user())


def keys(bucket):
    return {item.key for item in bucket.objects.all()} - {f"intranet/{MARKER}"}


def count_requests(operation):
    """Return a list that grows by one for each request of that operation."""
    requests = []
    events = default_storage.connection.meta.client.meta.events
    events.register(f"before-call.s3.{operation}", lambda **_: requests.append(operation))
    return requests


@pytest.fixture
def outage():
    """Return a function that makes the storage unreachable, and one that brings it back."""

    def begin(instead="http://127.0.0.1:9"):
        address = default_storage.connection.meta.client.meta.endpoint_url
        end(instead)
        return address

    def end(address):
        there = default_storage
        there.endpoint_url = address
        there._connections.connection = there._bucket = None

    return begin, end


class TestCleanup:
    def test_a_deleted_row_takes_its_object(self, bucket, paper):
        assert keys(bucket) == {f"intranet/{paper.file.name}"}

        paper.delete()

        assert keys(bucket) == set()

    def test_a_replaced_object_goes(self, bucket, paper):
        paper.file = ContentFile(pdf_bytes("new"), name="new.pdf")
        paper.save()

        assert keys(bucket) == {f"intranet/{paper.file.name}"}

    def test_the_same_name_twice_is_two_objects(self, bucket):
        names = {default_storage.save("cvs/a.pdf", ContentFile(b"x")) for _ in range(2)}

        assert len(names) == 2

    def test_500_objects_go_in_two_requests_at_most(self, bucket):
        owner = make_user()
        names = [f"cvs/{number}.pdf" for number in range(500)]
        Document.objects.bulk_create(Document(owner=owner, file=name) for name in names)
        for name in names[:5]:
            bucket.put_object(Key=f"intranet/{name}", Body=b"x")
        batches, singles = count_requests("DeleteObjects"), count_requests("DeleteObject")

        Document.objects.all().delete()
        carry_out_removals("default", seconds=60)

        assert keys(bucket) == set()
        assert len(batches) <= 2
        assert not singles
        assert not FileRemoval.objects.pending().exists()

    @pytest.mark.parametrize("bad", ["../../etc/passwd", "cvs/\x01.pdf"])
    def test_a_name_that_spoils_the_request_keeps_no_other_back(self, bucket, bad):
        names = [default_storage.save("cvs/a.pdf", ContentFile(b"x")) for _ in range(3)]
        for name in (bad, *names):
            FileRemoval.objects.create(storage="default", name=name, reason="deleted")

        carry_out_removals("default", seconds=30)

        assert not any(default_storage.exists(name) for name in names)

    def test_an_outage_is_kept_with_its_error_and_made_up_for(self, bucket, paper, outage):
        begin, end = outage
        address = begin()
        paper.delete()
        removal = FileRemoval.objects.get()
        end(address)

        assert "EndpointConnectionError" in removal.error
        assert removal.due_at > timezone.now()
        assert len(keys(bucket)) == 1

        FileRemoval.objects.update(due_at=timezone.now())
        carry_out_removals("default")

        assert keys(bucket) == set()


class TestUploading:
    def test_an_outage_is_told(self, bucket, outage):
        begin, end = outage
        address = begin()
        try:
            with pytest.raises(FileNotStored, match="the store cannot be reached"):
                default_storage.save("cvs/a.pdf", ContentFile(b"x"))
        finally:
            end(address)

    def test_objects_are_private(self, bucket, paper):
        grants = bucket.Object(f"intranet/{paper.file.name}").Acl().grants

        assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]


HEX = "0123456789abcdef0123456789abcdef"


def put(bucket, *names):
    for name in names:
        bucket.put_object(Key=f"intranet/{name}", Body=b"x")


class TestSweeping:
    def test_finds_what_no_row_names_and_what_is_missing(self, bucket, paper):
        put(bucket, f"cvs/{HEX}.pdf")
        bucket.put_object(Key="elsewhere/not-ours.pdf", Body=b"x")
        bucket.Object(f"intranet/{paper.file.name}").delete()

        findings = Sweeper(min_age=timedelta(seconds=-5)).run()

        assert findings.orphans == [("default", f"cvs/{HEX}.pdf")]
        assert len(findings.wrong) == 1

    def test_leaves_alone_what_no_upload_made(self, bucket, paper):
        put(bucket, "cvs/left.pdf", f"letters/{HEX}.pdf")

        findings = Sweeper(min_age=timedelta(seconds=-5)).run()

        assert not findings
        assert len(findings.left_alone) == 2

    def test_leaves_out_what_is_not_the_sites(self, bucket, paper):
        put(bucket, ".gitkeep", "lost+found/x", "photos/-.txt", f"photos/{MARKER}")

        findings = Sweeper(min_age=timedelta(seconds=-5)).run()

        assert (findings.files, findings.left_alone) == (1, [])

    @pytest.mark.parametrize("option", ["--remove", "--adopt"])
    def test_says_in_words_that_the_bucket_does_not_answer(
        self, option, bucket, paper, outage, capsys
    ):
        begin, _ = outage
        begin()

        status, printed = run(capsys, "sweep_files", option)

        assert status == 1
        assert "Could not connect to the endpoint" in printed

    def test_takes_no_odd_key_for_an_orphan(self, bucket, paper):
        name = f"{'a' * 32}.pdf"
        for key in (f"cvs/{name}", f"intranet2/cvs/{name}", f"intranet/../cvs/{name}"):
            bucket.put_object(Key=key, Body=b"x")
        put(bucket, "/x", "é", f"{MARKER}/x", f"cvs/{name}/", f"/cvs/{name}", f"cvs//{name}")
        put(bucket, f"site/{MARKER}", f"site/cvs/{name}")

        assert not Sweeper(min_age=timedelta(seconds=-9)).run()

    def test_finds_changed_contents(self, bucket, paper):
        bucket.put_object(Key=f"intranet/{paper.file.name}", Body=b"x" * paper.size)

        assert "checksum" in Sweeper().run().wrong[0]


class TestMarker:
    def test_is_put_into_an_empty_bucket_by_the_first_upload(self, bucket, paper):
        assert is_tied(default_storage)

    def test_is_all_that_a_later_upload_asks_for(self, bucket, paper):
        listings = count_requests("ListObjects")

        make_document(paper.owner)

        assert not listings

    def test_is_put_in_place_of_another(self, bucket):
        put(bucket, MARKER)

        tie(default_storage)

        assert is_tied(default_storage)
        assert [item.key for item in bucket.objects.all()] == [f"intranet/{MARKER}"]

    def test_of_another_database_makes_the_sweep_refuse(self, bucket, paper):
        Document.objects.all()._raw_delete("default")
        Identity.objects.all().delete()

        with pytest.raises(CommandError, match=r"default \(papers/intranet\) is tied to another"):
            call_command("sweep_files", remove=True, force=True, min_age=-5)
        assert keys(bucket) == {f"intranet/{paper.file.name}"}

    def test_that_is_missing_makes_the_sweep_refuse_unknown_files(self, bucket, paper):
        Document.objects.all()._raw_delete("default")
        bucket.Object(f"intranet/{MARKER}").delete()

        with pytest.raises(CommandError, match="has no marker, and holds 1 file that no row"):
            call_command("sweep_files", remove=True, force=True, min_age=-5)

    def test_of_another_host_keeps_a_copied_database_from_removing(self, bucket, paper, settings):
        settings.SITE_URL = "https://staging.test"

        paper.delete()

        assert keys(bucket) == {f"intranet/{paper.file.name}"}
        assert "is tied to another database or site" in FileRemoval.objects.get().error


class TestDownloading:
    def test_is_a_link_of_a_minute_after_the_permission_check(self, client, bucket, paper):
        client.force_login(make_superuser())

        response = client.get(paper.file.url)

        assert paper.file.url == f"/media/{paper.file.name}"
        query = parse_qs(urlsplit(response.url).query)
        assert query["X-Amz-Expires"] == ["60"]
        with urlopen(response.url) as answer:
            assert answer.read().startswith(b"%PDF")
            assert "cv.pdf" in answer.headers["Content-Disposition"]

    def test_is_not_for_those_who_may_not_see_the_row(self, client, bucket, paper):
        client.force_login(make_user())

        assert client.get(paper.file.url).status_code == 404

    def test_is_not_for_the_anonymous(self, client, bucket, paper):
        assert client.get(paper.file.url).url.startswith(reverse("admin:login"))


class TestCopies:
    """`backup` and `restore` with the files in a bucket."""

    @pytest.fixture
    def copy(self, tmp_path):
        return tmp_path / "copy"

    def test_hold_the_files_of_the_bucket(self, bucket, paper, copy, capsys):
        assert run(capsys, "backup", copy)[0] == 0
        assert (copy / "files/default" / paper.file.name).stat().st_size == paper.size
        assert read(copy)["files"]["default"] == {paper.file.name: [paper.size, paper.sha256]}

    def test_name_what_the_bucket_lost(self, bucket, paper, copy, capsys):
        bucket.Object(f"intranet/{paper.file.name}").delete()

        status, printed = run(capsys, "backup", copy)

        assert status == 1
        assert f"{paper.file.name} of documents.Document.file {paper.pk}" in printed

    def test_are_not_whole_while_the_bucket_does_not_answer(self, paper, copy, capsys, outage):
        begin, _ = outage
        begin()

        status, printed = run(capsys, "backup", copy)

        assert status == 1
        assert paper.file.name in printed

    def test_make_an_empty_bucket_the_site_again(self, bucket, paper, copy, capsys):
        run(capsys, "backup", copy)
        empty_site()
        assert not keys(bucket)

        status, printed = run(capsys, "restore", copy)

        assert status == 0, printed
        assert f"intranet/{paper.file.name}" in keys(bucket)
        assert Document.objects.get(pk=paper.pk).file.read().startswith(b"%PDF")

    def test_do_not_get_into_a_bucket_that_does_not_answer(self, paper, copy, capsys, outage):
        begin, end = outage
        run(capsys, "backup", copy)
        empty_site()
        address = begin()

        status, _ = run(capsys, "restore", copy)
        end(address)

        assert status == 1
        assert not Document.objects.exists()

    def test_are_refused_by_a_bucket_with_files(self, bucket, paper, copy, capsys):
        run(capsys, "backup", copy)
        call_command("flush", verbosity=0, interactive=False)

        status, printed = run(capsys, "restore", copy)

        assert status == 1
        assert "is not empty: 1 file" in printed

    def test_of_a_folder_become_a_bucket(self, settings, copy, capsys, request):
        paper = make_document(make_user())
        run(capsys, "backup", copy)
        empty_site()
        bucket = request.getfixturevalue("bucket")

        status, printed = run(capsys, "restore", copy)

        assert status == 0, printed
        assert f"intranet/{paper.file.name}" in keys(bucket)
