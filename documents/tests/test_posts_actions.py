"""What is done to many posts at once, deleting among it."""

import pytest

from documents import publishing
from documents.models import Post
from documents.tests.factories import make_post
from documents.tests.post_pages import LIST, plan, run, said
from intranet.outbox.models import Mail, Notice
from intranet.tests.pages import confirmed, page
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


class TestActions:
    def test_publish_now(self, client, editor):
        posts = [make_post(starts=1), make_post(starts=-3, ends=-2), make_post()]

        response = run(client, "publish_now", posts)

        assert Post.objects.live().count() == 3
        assert said(response).startswith("2 posts are live now. <a")
        assert said(response).endswith(f"Stays as it is, it is live already: {posts[2]}.")

    def test_end_now(self, client, editor):
        posts = [make_post(), make_post(starts=1)]

        response = run(client, "end_now", posts)

        assert Post.objects.ended().get() == posts[0]
        assert said(response).startswith(f"“{posts[0]}” is not shown any more. <a")
        assert said(response).endswith(f"Stays as it is, it is not live: {posts[1]}.")

    def test_publish_now_asks_first_and_says_who_gets_a_mail(self, client, editor):
        sales, lab = make_department("Sales"), make_department("Lab")
        for name, department in (("ann", sales), ("bob", sales), ("cy", lab)):
            make_user(name, department=department)
        posts = [
            make_post("One", starts=1, mail_audience=True, audience=[sales]),
            make_post("Two", starts=1, mail_audience=True, audience=[sales, lab]),
            make_post(starts=1),
            make_post(),
        ]

        lines = plan(client, "publish_now", posts)

        assert Post.objects.scheduled().count() == 3
        ann, bob, cy = (f"{name}@example.com" for name in ("ann", "bob", "cy"))
        assert lines[0].startswith("Changed: 3 posts, Goes live: ")
        assert f"Mails: 2 mails “One”: {ann}, {bob}" in lines
        assert f"Mails: 3 mails “Two”: {ann}, {bob}, {cy}" in lines

    def test_publish_now_says_that_a_post_for_everybody_goes_to_everybody(self, client, editor):
        post = make_post("Party", starts=1, mail_audience=True)
        make_user("ann", is_staff=False)

        lines = plan(client, "publish_now", [post])

        assert "Mails: 2 mails “Party”: ann@example.com, ed@example.com" in lines

    def test_publish_now_leaves_a_mail_that_cannot_be_written_to_the_worker(
        self, client, editor, monkeypatch
    ):
        monkeypatch.setattr(publishing, "facts", lambda post: post.nothing)
        make_superuser("root")
        post = make_post("Party", starts=1, mail_audience=True)

        run(client, "publish_now", [post])

        assert Post.objects.live().due_for_mail().get() == post
        assert Notice.objects.get().message == "The post “Party” could not be mailed"

    def test_publish_now_mails_at_once(self, client, editor):
        run(client, "publish_now", [make_post("Party", starts=1, mail_audience=True)])

        assert Mail.objects.get(subject="Party").to == editor.email
        assert Post.objects.get().mailed_at

    def test_end_now_asks_first(self, client, editor):
        posts = [make_post("Live"), make_post("Later", starts=1)]

        changed, same = plan(client, "end_now", posts)

        assert changed.endswith("→ now: Live")
        assert same == "Stays as it is, it is not live: Later"
        assert Post.objects.live().exists()

    def test_works_on_a_filtered_list(self, client, editor):
        sales = make_department()
        post = make_post(audience=[sales])
        address = f"{LIST}?audience__id__exact={sales.pk}&q=post&status=live"

        confirmed(client, address, {"action": "end_now", "_selected_action": [post.pk]})

        assert Post.objects.ended().get() == post

    def test_changes_nothing_when_one_post_fails(self, client, editor, monkeypatch):
        posts = [make_post(starts=1), make_post(starts=1, title="Broken")]
        save = Post.save

        def fail(post, *args, **kwargs):
            save(post, *args, **kwargs)
            if post.title == "Broken":
                raise KeyError

        monkeypatch.setattr(Post, "save", fail)

        with pytest.raises(KeyError):
            run(client, "publish_now", posts)

        assert Post.objects.scheduled().count() == 2


class TestDeletion:
    @pytest.fixture
    def admins(self, editor):
        admins = [make_superuser("root"), make_user("hr", roles=["HR"])]
        Mail.objects.all().delete()
        return admins

    def test_both_pages_say_who_is_told(self, client, admins):
        posts = [make_post("One"), make_post("Two")]

        single = client.get(page(posts[0], "delete")).context["plan"].lines
        bulk = plan(client, "delete_selected", posts)
        assert "Who is told: “Ed Itor deleted the post “One””: hr, root" in single
        assert "Who is told: “Ed Itor deleted 2 posts: “One”, “Two””: hr, root" in bulk

    def test_through_the_page(self, client, admins):
        confirmed(client, page(make_post("Party"), "delete"), {})

        assert not Post.objects.exists()
        assert {notice.recipient for notice in Notice.objects.all()} == set(admins)
        assert Notice.objects.first().message == "Ed Itor deleted the post “Party”"
        assert Mail.objects.count() == 2

    def test_through_the_bulk_action_of_a_filtered_list(self, client, admins):
        sales = make_department()
        post = make_post(audience=[sales])
        address = f"{LIST}?audience__id__exact={sales.pk}&q=post"
        data = {"action": "delete_selected", "_selected_action": [post.pk]}

        confirmed(client, address, data)

        assert not Post.objects.exists()
        assert sales.name in Notice.objects.first().detail

    def test_through_the_bulk_action(self, client, admins):
        posts = [make_post() for _ in range(12)]

        run(client, "delete_selected", posts)

        assert not Post.objects.exists()
        assert Notice.objects.count() == Mail.objects.count() == 2
        assert Notice.objects.first().message.startswith("Ed Itor deleted 12 posts: ")
