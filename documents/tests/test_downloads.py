from email.message import Message
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from documents.models import Document
from documents.tests.factories import jpeg_bytes, make_document, pdf_bytes
from intranet.files.disk import DiskStorage
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def paper():
    return make_document(make_user("ada", is_staff=False), name="Ada's CV.pdf")


def sign_in(client, **fields):
    client.force_login(make_user(**fields))
    return client


class TestWhoMayDownload:
    def test_without_a_session_it_is_the_sign_in_page(self, client, paper):
        response = client.get(paper.file.url)

        assert response.status_code == 302
        assert response.url == f"/admin/login/?next={quote(paper.file.url)}"

    def test_hr_gets_the_paper(self, client, paper):
        response = sign_in(client, roles=["HR"]).get(paper.file.url)

        assert response.getvalue() == paper.file.read()

    @pytest.mark.parametrize(
        "fields",
        [{}, {"roles": ["Editors"]}],
        ids=["ordinary staff", "editor"],
    )
    def test_others_cannot_tell_it_from_a_missing_one(self, client, paper, fields):
        sign_in(client, **fields)

        assert client.get(paper.file.url).status_code == 404
        assert client.get("/media/cvs/nothing.pdf").status_code == 404

    @pytest.mark.parametrize("field", ["is_active", "is_staff"])
    def test_who_can_no_longer_sign_in_is_sent_to_do_so(self, client, paper, field):
        sign_in(client, roles=["HR"], **{field: False})

        assert client.get(paper.file.url).status_code == 302

    def test_a_file_that_no_row_names_is_not_there(self, client):
        client.force_login(make_superuser())
        default_storage.save("cvs/stray.pdf", ContentFile(pdf_bytes()))

        assert client.get("/media/cvs/stray.pdf").status_code == 404

    def test_a_row_whose_file_is_missing_is_not_there(self, client, paper):
        client.force_login(make_superuser())
        default_storage.delete(paper.file.name)

        assert client.get(paper.file.url).status_code == 404

    @pytest.mark.parametrize(
        "path", ["/media/cvs/%00.pdf", "/media/../manage.py", "/media/%2e%2e/x"]
    )
    def test_strange_names_are_not_there(self, client, path):
        client.force_login(make_superuser())

        assert client.get(path).status_code == 404

    def test_nothing_can_be_posted(self, client, paper):
        client.force_login(make_superuser())

        assert client.post(paper.file.url).status_code == 405

    def test_anybody_who_may_see_the_profile_sees_the_photo(self, client):
        profile = make_user().profile
        profile.photo.save("me.jpg", ContentFile(jpeg_bytes()))

        response = sign_in(client).get(profile.photo.url)

        assert response.headers["Content-Type"] == "image/jpeg"
        assert response.getvalue() == jpeg_bytes()


class TestHeaders:
    @pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"junk\n" * 100])
    def test_a_pdf_that_starts_with_something_else_is_sealed_as_well(self, client, start):
        paper = make_document(make_user("ada"), content=start + pdf_bytes())
        client.force_login(make_superuser())

        response = client.get(paper.file.url)

        assert response.headers["Content-Type"] == "application/pdf"
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]

    def test_it_is_a_sealed_attachment(self, client, paper):
        response = sign_in(client, roles=["HR"]).get(
            paper.file.url, headers={"accept-encoding": "gzip"}
        )

        assert response.headers["Content-Disposition"] == 'attachment; filename="Ada\'s CV.pdf"'
        assert response.headers["Content-Type"] == "application/pdf"
        assert response.headers["Content-Length"] == str(paper.size)
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"

    @pytest.mark.parametrize(
        "name",
        [
            "سيرة ذاتية.pdf",
            "cv 👩\u200d💻.pdf",
            'a "quoted" \\ name; x=y.pdf',
            "100%.pdf",
            "<b>bold.pdf",
            "x" * 251 + ".pdf",
        ],
    )
    def test_the_name_is_exactly_the_uploaders(self, client, paper, name):
        Document.objects.filter(pk=paper.pk).update(original_name=name)

        response = sign_in(client, roles=["HR"]).get(paper.file.url)

        assert filename(response) == name

    def test_html_that_was_stored_from_a_shell_stays_inert(self, client):
        paper = make_document(make_user(), content=b"<script>alert(1)</script>", name="x.html")

        response = sign_in(client, roles=["HR"]).get(paper.file.url)

        assert response.headers["Content-Type"] == "application/octet-stream"


def filename(response):
    """Return the file name as a mail or web client reads it (RFC 6266)."""
    message = Message()
    message["Content-Disposition"] = response.headers["Content-Disposition"]
    return message.get_filename()


class SigningStorage(DiskStorage):
    def download_url(self, name, filename, content_type):
        return f"https://store.example/{name}?as={quote(filename)}&type={content_type}"


class TestRemoteStorage:
    @pytest.fixture(autouse=True)
    def remote(self, monkeypatch):
        monkeypatch.setattr(Document._meta.get_field("file"), "storage", SigningStorage())

    def test_it_hands_out_a_signed_link_after_the_same_check(self, client, paper):
        response = sign_in(client, roles=["HR"]).get(paper.file.url)

        name = quote("Ada's CV.pdf")
        assert response.url == (
            f"https://store.example/{paper.file.name}?as={name}&type=application/pdf"
        )
        assert response.headers["Cache-Control"] == "private, no-store"

    def test_others_get_no_link(self, client, paper):
        assert sign_in(client).get(paper.file.url).status_code == 404
