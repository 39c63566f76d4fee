"""Papers and posts whose page was opened before, and saved after, somebody else's change."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.models import Document, Post
from documents.tests.factories import make_document, make_post, pdf_bytes
from intranet.files.models import FileRemoval
from intranet.tests.pages import confirmed, errors, opened, page, sent, sign_in
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
GOES = {"file-old": "delete"}  # chosen for the old paper


def pdf(name, text="A paper"):
    return ContentFile(pdf_bytes(text), name=name)


@pytest.fixture(autouse=True)
def root(client):
    root = make_superuser(first_name="Rita", last_name="Root")
    client.force_login(root)
    return root


@pytest.fixture
def other():
    return sign_in(make_superuser("otto", first_name="Otto", last_name="Other"))


@pytest.fixture
def paper():
    return make_document(make_user("ann"), title="CV", name="first.pdf")


class TestPaper:
    def test_keeps_what_somebody_else_changed(self, client, other, paper):
        bob = make_user("bob")
        form = opened(client, page(paper), title="Life")
        theirs = {"kind": "contract", "expires_on": "01/02/2030", "owner": bob.pk}
        other.post(page(paper), opened(other, page(paper), **theirs))

        client.post(page(paper), form)

        paper.refresh_from_db()
        assert (paper.title, paper.kind, paper.owner) == ("Life", "contract", bob)
        assert str(paper.expires_on) == "2030-02-01"

    def test_keeps_a_file_that_somebody_else_put_there(self, client, other, paper):
        form = opened(client, page(paper), title="Life")
        renewal = opened(other, page(paper), file=pdf("second.pdf", "Other"), **GOES)
        confirmed(other, page(paper), renewal)
        theirs = Document.objects.get()

        client.post(page(paper), form)

        paper.refresh_from_db()
        assert (paper.title, paper.file.name) == ("Life", theirs.file.name)
        assert (paper.original_name, paper.sha256) == ("second.pdf", theirs.sha256)
        assert paper.file.storage.exists(paper.file.name)

    def test_of_two_new_files_neither_is_lost_unasked(self, client, other, paper):
        form = opened(client, page(paper), file=pdf("mine.pdf"), **GOES)
        renewal = opened(other, page(paper), file=pdf("theirs.pdf", "Other"), **GOES)
        confirmed(other, page(paper), renewal)

        response = client.post(page(paper), form)

        text = errors(response)["file"]
        assert "Otto Other changed this to “theirs.pdf” on" in text
        assert "“mine.pdf”" in text
        paper.refresh_from_db()
        assert paper.original_name == "theirs.pdf"

    def test_a_file_chosen_again_wins_and_is_described(self, client, other, paper):
        form = opened(client, page(paper), file=pdf("mine.pdf"), **GOES)
        renewal = opened(other, page(paper), file=pdf("theirs.pdf", "Other"), **GOES)
        confirmed(other, page(paper), renewal)
        refused = client.post(page(paper), form)

        confirmed(client, page(paper), sent(refused, file=pdf("mine.pdf", "Mine at last")))

        paper.refresh_from_db()
        assert paper.original_name == "mine.pdf"
        assert paper.size == paper.file.size
        assert FileRemoval.objects.count() == 2

    @pytest.mark.parametrize(
        ("field", "theirs", "yours", "words"),
        [
            ("title", "Life", "Lives", ("“Life”", "“Lives”")),
            ("kind", "contract", "identity", ("“Contract”", "“Identity paper”")),
            ("expires_on", "01/02/2030", "", ("“1 Feb 2030”", "nothing")),
        ],
    )
    def test_names_both_values(self, client, other, paper, field, theirs, yours, words):
        Document.objects.update(expires_on="2029-02-01")
        form = opened(client, page(paper), **{field: yours})
        other.post(page(paper), opened(other, page(paper), **{field: theirs}))

        text = errors(client.post(page(paper), form))[field]

        assert text.startswith(f"Otto Other changed this to {words[0]} on ")
        assert f"while you changed it to {words[1]}. Nothing was saved." in text

    def test_writes_the_title_alone(self, client, paper):
        form = opened(client, page(paper), title="Life")

        with CaptureQueriesContext(connection) as queries:
            client.post(page(paper), form)

        (sql,) = [
            it["sql"] for it in queries if it["sql"].startswith('UPDATE "documents_document"')
        ]
        assert "SET \"title\" = 'Life' WHERE" in sql

    def test_deleted_meanwhile_says_so(self, client, paper):
        form = opened(client, page(paper), title="Life")
        paper.delete()

        response = client.post(page(paper), form, follow=True)

        assert "was deleted meanwhile. Nothing was saved." in response.content.decode()


class TestPost:
    def test_keeps_what_somebody_else_changed(self, client, other, root):
        post = make_post("Party")
        end = timezone.now() + timedelta(days=3)
        form = opened(client, page(post), title="Summer party")
        theirs = {"pinned": "on", "mail_audience": "on", "body": "<p>Come all.</p>"}
        confirmed(other, page(post), opened(other, page(post), **theirs))
        Post.objects.update(expires_at=end, author=root)

        client.post(page(post), form)

        post.refresh_from_db()
        assert (post.title, post.pinned, post.mail_audience) == ("Summer party", True, True)
        assert (post.body, post.expires_at, post.author) == ("<p>Come all.</p>", end, root)

    def test_keeps_who_was_added_to_and_taken_from_the_audience(self, client):
        lab, shop, post_room, office = (
            make_department(name) for name in ("Lab", "Shop", "Post room", "Office")
        )
        post = make_post(audience=[lab, shop])
        form = opened(client, page(post), audience=[shop.pk, post_room.pk])
        post.audience.add(office)
        post.audience.remove(shop)

        client.post(page(post), form)

        assert set(post.audience.all()) == {post_room, office}

    def test_does_not_become_one_for_everybody_unseen(self, client):
        lab, shop = make_department("Lab"), make_department("Shop")
        post = make_post(audience=[lab, shop])
        form = opened(client, page(post), audience=[shop.pk])
        post.audience.remove(shop)

        refused = client.post(page(post), form)

        assert "for everybody" in errors(refused)["audience"]
        assert set(post.audience.all()) == {lab}
        client.post(page(post), sent(refused))
        assert not post.audience.exists()

    def test_an_unchanged_start_keeps_its_fraction_of_a_second(self, client):
        post = make_post("Party")
        start = post.publish_at

        client.post(page(post), opened(client, page(post), title="Summer party"))

        post.refresh_from_db()
        assert (post.title, post.publish_at) == ("Summer party", start)

    def test_ended_meanwhile_stays_ended(self, client):
        post = make_post("Party", starts=-2)
        form = opened(client, page(post), title="Summer party")
        Post.objects.get().end_now()

        client.post(page(post), form)

        post.refresh_from_db()
        assert (post.title, post.status) == ("Summer party", "ended")

    def test_is_checked_as_it_will_be(self, client):
        """Each change is right alone: together the post would end before it goes live."""
        post = make_post("Party", starts=24, ends=72)
        later = timezone.localtime(timezone.now() + timedelta(hours=60))
        when = {"publish_at_0": f"{later:%d/%m/%Y}", "publish_at_1": f"{later:%H:%M}"}
        form = opened(client, page(post), **when)
        Post.objects.update(expires_at=timezone.now() + timedelta(hours=48))

        response = client.post(page(post), form)

        assert "has to end after it goes live" in errors(response)["__all__"]

    def test_names_both_times_and_texts(self, client, other):
        post = make_post("Party", ends=48)
        ours = {"expires_at_0": "01/02/2040", "expires_at_1": "10:00:00", "body": "<p>Mine</p>"}
        theirs = {"expires_at_0": "01/03/2040", "expires_at_1": "12:00:00", "body": "<p>Theirs</p>"}
        form = opened(client, page(post), **ours)
        other.post(page(post), opened(other, page(post), **theirs))

        found = errors(client.post(page(post), form))

        assert "“1 Mar 2040, 12:00”" in found["expires_at"]
        assert "“1 Feb 2040, 10:00”" in found["expires_at"]
        assert "“Theirs”" in found["body"] and "“Mine”" in found["body"]

    def test_a_long_text_is_told_apart_and_not_carried_twice(self, client):
        text = "<p>" + "Words and more words. " * 500 + "</p>"
        post = make_post("Party", body=text)
        form = opened(client, page(post), title="Summer party")
        Post.objects.update(body=text + "<p>An end.</p>")

        client.post(page(post), form)

        post.refresh_from_db()
        assert (post.title, post.body[-14:]) == ("Summer party", "<p>An end.</p>"[-14:])
        assert len(form["_opened"][0]) < 600

    def test_a_time_that_cannot_be_read_is_named_as_typed(self, client):
        post = make_post("Party", ends=48)
        form = opened(client, page(post), expires_at_0="never", expires_at_1="")
        Post.objects.update(expires_at=None)

        text = errors(client.post(page(post), form))["expires_at"]

        assert "Somebody changed this to nothing, while you changed it to “never" in text

    @pytest.mark.parametrize("change", [Post.publish_now, Post.end_now])
    def test_actions_write_the_times_alone(self, change):
        post = make_post("Party", starts=-1 if change == Post.end_now else 5)
        Post.objects.update(title="Summer party")

        change(post)

        assert Post.objects.get().title == "Summer party"
