from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.signals import pre_delete, pre_save
from django.urls import reverse
from django.utils import timezone

from documents.models import Document, Post
from documents.tests.factories import make_post, pdf_bytes
from intranet.models import SentForm
from intranet.outbox.models import Mail
from intranet.tests.pages import said
from intranet.vetoes import Veto
from staff.models import Department, User
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db

ADD = "/admin/documents/post/add/"
POSTS = "/admin/documents/post/"
PAPERS = "/admin/documents/document/"
PEOPLE = "/admin/staff/user/"
POST = {
    "title": "Summer party",
    "body": "<p>Come.</p>",
    "publish_at_0": "01/06/2026",
    "publish_at_1": "12:00:00",
    "expires_at_0": "",
    "expires_at_1": "",
}


@pytest.fixture(autouse=True)
def hazel(client):
    user = make_user("hazel", roles=["HR", "Editors"])
    client.force_login(user)
    return user


def token(client, url):
    """Return what tells the page at `url`, as it was opened now, from all others."""
    return {"csrfmiddlewaretoken": str(client.get(url).context["csrf_token"])}


def agreed(client, url):
    """Return what confirms the page that shows what an action does."""
    page = client.get(url).context
    token = str(page["csrf_token"])
    return {"post": "yes", "_said": page["plan"].token(), "csrfmiddlewaretoken": token}


class TestAFormSentTwice:
    def test_adds_one_post_and_answers_both_times_alike(self, client):
        form = POST | token(client, ADD)

        first, second = client.post(ADD, form), client.post(ADD, form)

        assert Post.objects.count() == 1
        assert second.status_code == first.status_code == 302
        assert second["Location"] == first["Location"]
        assert said(second) == said(first) != []

    def test_keeps_the_links_in_messages(self, client):
        form = POST | token(client, ADD)
        client.post(ADD, form)

        client.post(ADD, form)

        assert f'<a href="/admin/documents/post/{Post.objects.get().pk}/' in (
            client.get(POSTS).content.decode()
        )

    def test_adds_one_paper(self, client, hazel):
        form = {"owner": hazel.pk, "kind": "cv", "title": "CV"} | token(client, f"{PAPERS}add/")
        content = pdf_bytes()  # the PDF says to the second when it was made

        for _ in range(2):
            file = SimpleUploadedFile("cv.pdf", content)
            answer = client.post(f"{PAPERS}add/", form | {"file": file})

        assert answer.status_code == 302
        assert Document.objects.count() == 1

    def test_adds_one_row_from_a_window_that_a_form_opened(self, client):
        url = "/admin/staff/department/add/?_popup=1"
        form = {"name": "Lab", "_popup": "1"} | token(client, url)

        first, second = client.post(url, form), client.post(url, form)

        assert Department.objects.count() == 1
        assert second.content == first.content
        assert b"popup_response" in second.content

    def test_invites_once(self, client):
        ada = User.objects.create_user("ada", "ada@example.com", is_staff=True)
        Mail.objects.all().delete()
        url = reverse("admin:staff_user_invite_person_again", args=[ada.pk])
        form = agreed(client, url)

        answers = [client.post(url, form) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 302]
        assert Mail.objects.filter(to=ada.email).count() == 1
        assert SentForm.objects.count() == 1

    def test_deletes_once_and_says_so_twice(self, client):
        post = make_post()
        url = f"{POSTS}{post.pk}/delete/"
        form = agreed(client, url)

        first, second = client.post(url, form), client.post(url, form)

        assert said(second) == said(first)
        assert "deleted" in said(second)[0]

    def test_imports_once_and_says_so_twice(self, client):
        file = SimpleUploadedFile(
            "people.csv", b"E-mail,First name,Last name\nivy@example.org,Ivy,Quartz\n"
        )
        data = {"resource": "0", "import_file": file}
        preview = client.post(f"{PEOPLE}import/", data)
        confirm = preview.context["confirm_form"]
        form = {name: confirm[name].value() or "" for name in confirm.fields}
        form["csrfmiddlewaretoken"] = str(preview.context["csrf_token"])
        form["_said"] = preview.context["plan"].token()

        first, second = (client.post(f"{PEOPLE}process_import/", form) for _ in range(2))

        assert User.objects.filter(email="ivy@example.org").count() == 1
        assert second["Location"] == first["Location"]
        assert said(second) == said(first) != []


class TestWhatIsNoRepetition:
    def test_the_same_from_another_page(self, client):
        for _ in range(2):
            client.post(ADD, POST | token(client, ADD))

        assert Post.objects.count() == 2

    def test_other_values_from_the_same_page(self, client):
        form = POST | token(client, ADD)

        client.post(ADD, form)
        client.post(ADD, form | {"title": "Winter party"})

        assert Post.objects.count() == 2

    def test_another_file_of_the_same_name_and_size(self, client, hazel):
        form = {"owner": hazel.pk, "kind": "cv", "title": "CV"} | token(client, f"{PAPERS}add/")

        for text in ("one", "two"):
            file = SimpleUploadedFile("cv.pdf", pdf_bytes(text))
            client.post(f"{PAPERS}add/", form | {"file": file})

        assert Document.objects.count() == 2

    def test_the_same_by_somebody_else(self, client):
        form = POST | token(client, ADD)
        client.post(ADD, form)
        client.force_login(make_user("ed", roles=["Editors"]))

        client.post(ADD, form)

        assert Post.objects.count() == 2

    def test_a_form_that_came_back_with_errors(self, client):
        form = POST | token(client, ADD)
        answers = [client.post(ADD, form | {"title": ""}) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert not SentForm.objects.exists()

    def test_a_form_that_a_receiver_refused(self, client):
        def refuse(**kwargs):
            raise Veto("Not today.")

        form = POST | token(client, ADD)
        pre_save.connect(refuse, sender=Post)
        try:
            refused = client.post(ADD, form)
        finally:
            pre_save.disconnect(refuse, sender=Post)

        client.post(ADD, form)

        assert said(refused) == ["Not today."]
        assert Post.objects.count() == 1

    def test_a_form_on_which_the_site_failed(self, client):
        def fail(**kwargs):
            raise RuntimeError

        post = make_post()
        url = f"{POSTS}{post.pk}/delete/"
        form = agreed(client, url)
        client.raise_request_exception = False
        pre_delete.connect(fail, sender=Post)
        try:
            assert client.post(url, form).status_code == 500
        finally:
            pre_delete.disconnect(fail, sender=Post)

        client.post(url, form)

        assert not Post.objects.exists()


class TestSentForms:
    def test_are_forgotten_after_a_day(self, client, django_capture_on_commit_callbacks):
        day_ago = timezone.now() - timedelta(days=1, minutes=1)
        SentForm.objects.create(key="old", at=day_ago)
        SentForm.objects.create(key="new")

        with django_capture_on_commit_callbacks(execute=True):
            client.post(ADD, POST | token(client, ADD))

        assert not SentForm.objects.filter(key="old").exists()
        assert SentForm.objects.filter(key="new").exists()

    def test_are_not_kept_of_people_who_are_not_signed_in(self, client):
        client.logout()

        client.post("/admin/login/", token(client, "/admin/login/") | {"username": "hazel"})

        assert not SentForm.objects.exists()
        assert User.objects.count() == 1
