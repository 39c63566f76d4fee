import logging

import pytest
from django.core import serializers
from django.db import connection, transaction
from django.db.models.deletion import Collector
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from documents.models import Post
from documents.tests.factories import make_post
from intranet.outbox.models import Mail, Notice
from intranet.trace.action import begin
from intranet.vetoes import Veto
from staff.models import Department, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admins():
    """Return two admins, with nothing in the outbox yet."""
    made = [make_superuser("ada", first_name="Ada", last_name="Gray"), make_superuser("bo")]
    Mail.objects.all().delete()
    return made


def cascade(posts, parent):
    """Delete `posts` as a cascade from `parent` does: by its collector, with it as the origin."""
    collector = Collector(using="default", origin=parent)
    collector.collect([parent])
    collector.collect(posts)
    collector.delete()


class TestRefuseToWidenPosts:
    @pytest.fixture
    def sales(self):
        return make_department("Sales")

    @pytest.mark.parametrize("starts", [-1, 1], ids=["live", "scheduled"])
    def test_a_post_for_a_department_does_not_become_one_for_everybody(self, sales, starts):
        make_post("Secret", audience=[sales], starts=starts)

        with pytest.raises(Veto, match="“Secret” is for Sales alone"):
            sales.delete()

        assert list(Post.objects.get().audience.all()) == [sales]

    def test_neither_when_its_whole_audience_goes_at_once(self, sales):
        make_post(audience=[sales, make_department()])

        with pytest.raises(Veto), transaction.atomic():
            Department.objects.all().delete()

        assert Post.objects.get().audience.count() == 2

    def test_is_silent_when_others_still_read_it_or_it_has_ended(self, sales):
        other = make_department()
        make_post(audience=[sales, other])
        make_post(audience=[sales], starts=-2, ends=-1)
        make_post()

        sales.delete()

        assert Department.objects.get() == other

    def test_the_admin_says_so(self, client, admins, sales):
        make_post("Secret", audience=[sales])
        client.force_login(admins[0])

        url = reverse("admin:staff_department_delete", args=[sales.pk])
        page = client.post(url, {"post": "yes"}, follow=True)

        assert "without it, everybody would see it" in page.content.decode()
        assert Department.objects.exists()


class TestTellAdminsPostsDeleted:
    def test_one_post(self, admins):
        author = make_user("cy", first_name="Cy", last_name="Lee")
        post = make_post("Summer party", author=author, audience=[make_department("Sales")])

        with begin(admins[0]):
            post.delete()

        notice = Notice.objects.get(recipient=admins[1])
        assert notice.message == "Ada Gray deleted the post “Summer party”"
        assert notice.actor == admins[0]
        for fact in ("Summer party", "Cy Lee", "Sales", "<p>Some text.</p>"):
            assert fact in notice.detail

    def test_many_posts_are_one_notice_and_one_mail_for_each_admin(self, admins):
        for number in range(5):
            author = make_user(first_name=f"Author{number}", is_active=False)
            make_post(f"Post {number}", body=f"<p>Text {number}</p>", author=author)
        Mail.objects.all().delete()

        Post.objects.order_by("title").delete()

        assert sorted(Notice.objects.values_list("recipient", flat=True)) == [
            admin.pk for admin in admins
        ]
        assert sorted(Mail.objects.values_list("to", flat=True)) == [
            "ada@example.com",
            "bo@example.com",
        ]
        notice = Notice.objects.first()
        assert notice.message.startswith("The system deleted 5 posts: “Post ")
        assert notice.message.endswith(" and 2 more")
        for number in range(5):
            assert f"<p>Text {number}</p>" in notice.detail
            assert f"By Author{number}" in notice.detail

    @pytest.mark.parametrize("ends, window", [(None, "from {}, for"), (2, "from {} to {}, for")])
    def test_says_when_a_post_was_shown(self, admins, ends, window):
        post = make_post(ends=ends)
        times = [post.publish_at, post.expires_at]
        shown = [date_format(localtime(time), "DATETIME_FORMAT") for time in times if time]

        post.delete()

        assert window.format(*shown) in Notice.objects.first().detail

    def test_a_cascade_is_one_deletion(self, admins):
        posts = [make_post("One", audience=[make_department("Sales")]), make_post("Two")]

        cascade(posts, parent=make_department())

        notice = Notice.objects.get(recipient=admins[0])
        assert notice.message == "The system deleted 2 posts: “One”, “Two”"
        assert "Sales" in notice.detail

    def test_two_deletions_are_two_notices(self, admins):
        for post in [make_post(), make_post()]:
            post.delete()

        assert Notice.objects.filter(recipient=admins[0]).count() == 2

    def test_a_post_deleted_once_more_is_told_as_it_is_then(self, admins):
        post = make_post("Party")
        post.delete()
        post.save()
        post.audience.add(make_department("Sales"))

        post.delete()

        assert "for Sales" in Notice.objects.first().detail

    def test_very_long_titles_fit(self, admins):
        for _ in range(2):
            make_post("x" * 200)

        Post.objects.all().delete()

        assert "x" * 200 in Notice.objects.first().detail

    def test_the_title_is_escaped_and_the_text_cleaned(self, admins):
        post = make_post("<b>Bold</b>")
        Post.objects.update(body="<script>alert(1)</script><p>Text</p>")
        post.refresh_from_db()

        post.delete()

        detail = Notice.objects.first().detail
        assert "&lt;b&gt;Bold" in detail
        assert "script" not in detail

    def test_is_silent_when_other_rows_go(self, admins):
        make_post()

        make_department().delete()

        assert not Notice.objects.exists()

    def test_is_silent_when_the_author_goes_and_the_post_stays(self, admins):
        author = make_user()
        post = make_post(author=author)

        author.delete()

        assert Post.objects.get() == post
        assert not Notice.objects.filter(message__contains="post").exists()

    def test_ignores_raw(self, admins):
        """Loading a row over another one deletes nothing."""
        post = make_post()

        next(serializers.deserialize("json", serializers.serialize("json", [post]))).save()

        assert not Notice.objects.exists()

    def test_leaves_nothing_after_a_rollback(
        self, admins, caplog, django_capture_on_commit_callbacks
    ):
        post = make_post()

        with (
            caplog.at_level(logging.INFO),
            django_capture_on_commit_callbacks(execute=True),
            pytest.raises(KeyError),
            transaction.atomic(),
        ):
            post.delete()
            raise KeyError

        assert Post.objects.exists()
        assert not Notice.objects.exists()
        assert not Mail.objects.exists()
        assert "deleted" not in caplog.text

    def test_is_logged_with_the_title(self, caplog, django_capture_on_commit_callbacks):
        post = make_post("Summer party")

        with caplog.at_level(logging.INFO), django_capture_on_commit_callbacks(execute=True):
            post.delete()

        assert "The system deleted the post “Summer party”" in caplog.text

    @pytest.mark.parametrize("by_cascade", [False, True])
    def test_number_of_queries_does_not_grow(self, admins, by_cascade):
        sales, author = make_department(), make_user()

        def queries(number):
            for _ in range(number):
                make_post(author=author, audience=[sales])
            posts = Post.objects.all()
            with CaptureQueriesContext(connection) as captured:
                cascade(posts, make_department()) if by_cascade else posts.delete()
            return len(captured)

        each = 2 if by_cascade else 0  # its links, of which the history is one by one
        assert queries(12) == queries(1) + 11 * each

    def test_an_author_is_told_of_their_own(self, admins):
        cy, dee = make_user("cy"), make_user("dee")
        make_post("Party", author=cy)
        make_post("Fair", author=dee, body="<p>Secret</p>")

        with begin(admins[0]):
            Post.objects.all().delete()

        told = Notice.objects.get(recipient=cy)
        assert told.message == "Ada Gray deleted the post “Party”"
        assert "Some text." in told.detail and "Secret" not in told.detail
        assert Mail.objects.filter(to=cy.email, template="notice").count() == 1
        assert Notice.objects.filter(recipient=dee).count() == 1

    def test_an_author_who_is_an_admin_is_told_once(self, admins):
        make_post("Party", author=admins[1])

        with begin(admins[0]):
            Post.objects.get().delete()

        told = Notice.objects.get(recipient=admins[1])
        assert told.message == "Ada Gray deleted the post “Party”"

    @pytest.mark.parametrize("is_active", [True, False])
    def test_no_author_is_told_who_did_it_or_is_inactive(self, admins, is_active):
        cy = make_user("cy", is_active=is_active)
        post = make_post(author=cy)

        with begin(cy if is_active else admins[0]):
            post.delete()

        assert not Notice.objects.filter(recipient=cy).exists()

    def test_an_author_who_goes_in_the_same_cascade_is_still_named(self, admins):
        author = make_user(first_name="Cy", last_name="Lee")

        cascade([make_post(author=author)], parent=author)

        assert not User.objects.filter(pk=author.pk).exists()
        assert "By Cy Lee" in Notice.objects.filter(message__contains="post").first().detail
