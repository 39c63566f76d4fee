"""What a post will look like, to whom it goes, and a test of its mail."""

import pytest
from django.urls import reverse

from documents import publishing
from documents.models import Post
from documents.tests.factories import make_post
from documents.tests.post_pages import ADD, form, said
from intranet.outbox.models import Mail
from intranet.tests.outbox import letter, text_of
from intranet.tests.pages import confirmed, confirming, page
from intranet.tests.test_access import changed, contents
from staff.tests.factories import make_department, make_user

pytestmark = pytest.mark.django_db
ATTACK = '<p onclick="alert(1)">Come <strong>all</strong></p><script>alert(2)</script>'


@pytest.fixture
def sales():
    department = make_department("Sales")
    for name in ("ann", "bob"):
        make_user(name, department=department, is_staff=False)
    make_user("gone", department=department, is_active=False)
    return department


class TestPreview:
    def test_shows_what_is_typed_and_writes_nothing(self, client, editor):
        before = contents()

        response = client.post(ADD, form(body=ATTACK, _preview="yes"))

        assert not changed(before)
        shown = response.context["preview"]
        assert shown["body"] == "<p>Come <strong>all</strong></p>"
        assert "<p>Come <strong>all</strong></p>" in shown["mail"]
        assert shown["post"].author == editor
        assert "alert(" not in shown["mail"]
        assert 'srcdoc="&lt;!DOCTYPE html&gt;' in response.content.decode()

    def test_is_offered_on_new_posts_and_on_those_that_are_there(self, client, editor):
        for address in (ADD, page(make_post())):
            assert 'name="_preview"' in client.get(address).content.decode()

    def test_has_the_mail_as_readers_get_it_with_a_link_that_does_nothing(self, client, editor):
        response = client.post(ADD, form(asks_acknowledgement="on", _preview="yes"))

        shown = response.context["preview"]["mail"]
        assert "I have read this" in shown
        assert "/admin/acknowledge/post_test/" in shown
        assert "This is a test" not in shown

    def test_counts_the_audience_that_is_typed(self, client, editor, sales):
        post = make_post()

        data = form(audience=sales.pk, mail_audience="on", _preview="yes")

        response = client.post(page(post), data)

        assert response.context["preview"]["meant"] == "The post is for Sales: 2 people."
        assert "2 people will get this mail." in response.content.decode()

    def test_keeps_the_form_as_it_was_typed(self, client, editor):
        post = make_post("Old")

        response = client.post(page(post), form(title="New", _preview="yes"))

        assert response.context["adminform"].form["title"].value() == "New"
        assert Post.objects.get().title == "Old"
        assert 'name="_opened"' in response.content.decode()

    def test_of_a_form_with_errors_says_these(self, client, editor):
        response = client.post(ADD, form(title="", _preview="yes"))

        assert "preview" not in response.context
        assert response.context["adminform"].form.errors.keys() == {"title"}

    def test_is_for_those_who_write(self, client):
        post = make_post()
        client.force_login(make_user())

        assert client.post(ADD, form(_preview="yes")).status_code == 403
        assert client.post(page(post), form(_preview="yes")).status_code == 403


class TestTestMail:
    def test_goes_to_the_writer_alone_and_publishes_nothing(self, client, editor, sales):
        Mail.objects.all().delete()

        client.post(ADD, form(title="Party", mail_audience="on", audience=sales.pk, _test_mail="x"))

        mail = Mail.objects.get()
        assert (mail.to, mail.subject) == (editor.email, "Test: Party")
        assert mail.priority == Mail.Priority.AWAITED
        assert not Post.objects.exists()

    def test_is_the_mail_that_readers_get_but_for_the_mark(self, client, editor):
        Mail.objects.all().delete()
        data = form(title="Party", body=ATTACK, mail_audience="on", asks_acknowledgement="on")
        client.post(ADD, data | {"_test_mail": "x"})
        confirmed(client, ADD, data)

        real, test = (Mail.objects.get(subject=it) for it in ("Party", "Test: Party"))
        real_lines, test_lines = (text_of(it).splitlines() for it in (real, test))
        new = [it for it in test_lines if it not in real_lines]
        lost = [it for it in real_lines if it not in test_lines]

        assert [it.startswith("This is a test") or "/admin/" in it for it in new] == [True] * 3
        assert all("/admin/" in it for it in lost)
        assert "/admin/acknowledge/post_test/" in text_of(test)
        assert letter(test)["Subject"] == "Test: Party"

    def test_leaves_a_post_that_is_there_unmailed(self, client, editor):
        post = make_post("Party", starts=1, mail_audience=True)

        client.post(page(post), form(1, _test_mail="x", mail_audience="on"))

        assert Post.objects.get().mailed_at is None
        assert Mail.objects.filter(subject__contains="Summer party").get().to == editor.email

    def test_says_that_it_is_on_its_way_and_leads_to_what_it_did(self, client, editor):
        assert "1 mail on its way" in client.post(ADD, form(_test_mail="x")).content.decode()

    def test_is_no_answer_to_a_script_that_only_asks(self, client, editor):
        Mail.objects.all().delete()

        client.post(ADD, form(_test_mail="x", _ask="yes"), headers={"X-Rehearse": "1"})

        assert not Mail.objects.exists()


class TestHowManyGetIt:
    def test_is_how_many_get_it(self, client, editor, sales):
        data = form(1, mail_audience="on", audience=sales.pk)

        asked = client.post(ADD, data | {"_ask": "yes"}).context["plan"]
        shown = client.post(ADD, data | {"_preview": "yes"}).context["preview"]["says"]
        live = client.get(
            reverse("admin:documents_post_reach"), {"audience": sales.pk, "mail_audience": "on"}
        )
        saved = said(confirmed(client, ADD, data))
        Mail.objects.all().delete()
        post = Post.objects.get()
        post.publish_now()
        publishing.mail_post(post.pk)

        assert Mail.objects.count() == 2
        says = "2 people will get this mail when the post goes live on "
        assert any(says in line for line in asked.lines)
        assert shown.startswith(says)
        assert says in saved
        assert live.content.decode() == "2 people will get this mail."

    def test_is_everybody_without_an_audience(self, client, editor, sales):
        address = reverse("admin:documents_post_reach")

        ticked = client.get(address, {"mail_audience": "on"})
        assert ticked.content.decode() == "3 people will get this mail."

    def test_says_that_nobody_is_mailed_unless_that_is_ticked(self, client, editor, sales):
        says = "The post is for 3 people; nobody is mailed."

        assert client.get(reverse("admin:documents_post_reach")).content.decode() == says
        assert says in client.get(ADD).content.decode()

    def test_is_nobody_for_a_post_that_was_mailed(self, client, editor):
        post = make_post(mail_audience=True)
        publishing.mail_post(post.pk)

        shown = client.get(page(post)).content.decode()
        assert "and is not mailed again.</" in shown
        assert "will get this mail" not in shown

    @pytest.mark.parametrize("audience", ["0", "x", "9" * 40])
    def test_is_not_everybody_for_a_department_that_is_none(self, client, editor, audience):
        address = reverse("admin:documents_post_reach")

        assert client.get(address, {"audience": audience}).status_code == 404

    def test_is_for_those_who_write(self, client):
        client.force_login(make_user())

        assert client.get(reverse("admin:documents_post_reach")).status_code == 404

    def test_of_a_scheduled_post_is_no_reason_to_ask(self, client, editor, sales):
        response = client.post(ADD, form(1, mail_audience="on"))

        assert not confirming(response)
        assert Post.objects.scheduled().exists()
