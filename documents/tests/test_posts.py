import threading
from datetime import timedelta

import pytest
from django.core import serializers
from django.db import connection, transaction
from django.utils import timezone

from documents import publishing
from documents.models import Post
from documents.tests.factories import make_post
from intranet.models import Trouble
from intranet.outbox.mail import compose
from intranet.outbox.models import Mail, Notice
from intranet.signals import work_due
from intranet.troubles import Noted
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def load_raw(post):
    """Save a post as `loaddata` does."""
    next(serializers.deserialize("json", serializers.serialize("json", [post]))).save()


def mailed_to(subject):
    return sorted(Mail.objects.filter(subject=subject).values_list("to", flat=True))


class RollBack(Exception):
    pass


class TestMeantFor:
    def test_everybody_gets_posts_without_an_audience(self):
        post = make_post()

        assert list(Post.objects.meant_for(make_user())) == [post]

    def test_others_do_not_get_the_posts_of_a_department(self):
        sales, finance = make_department(), make_department()
        post = make_post(audience=[sales, finance])

        assert list(Post.objects.meant_for(make_user(department=sales))) == [post]
        assert not Post.objects.meant_for(make_user(department=make_department())).exists()


class TestPublishNow:
    def test_makes_a_scheduled_post_live(self):
        post = make_post(starts=5, ends=9)

        assert post.publish_now()

        assert Post.objects.live().get() == post

    def test_brings_an_ended_post_back_without_an_end(self):
        post = make_post(starts=-9, ends=-5)

        assert post.publish_now()

        assert Post.objects.live().get().expires_at is None

    def test_leaves_a_live_post_alone(self):
        post = make_post()

        assert not post.publish_now()

        assert Post.objects.get().publish_at == post.publish_at


class TestEndNow:
    def test_ends_a_live_post(self):
        post = make_post()

        assert post.end_now()

        assert Post.objects.ended().get() == post

    @pytest.mark.parametrize("starts, ends", [(5, None), (-9, -5)])
    def test_leaves_a_post_alone_that_is_not_live(self, starts, ends):
        post = make_post(starts=starts, ends=ends)

        assert not post.end_now()

        assert Post.objects.get().expires_at == post.expires_at


class TestSanitiseBody:
    ATTACK = '<p onclick="alert(1)">Hello</p><script>alert(2)</script>'

    def test_cleans_the_text_of_a_saved_post(self):
        make_post(body=self.ATTACK)

        assert Post.objects.get().body == "<p>Hello</p>"

    def test_is_silent_when_the_text_is_not_saved(self):
        post = make_post()
        post.body = self.ATTACK

        post.save(update_fields=["title"])

        assert post.body == self.ATTACK

    def test_ignores_raw(self):
        post = make_post()
        post.body = self.ATTACK

        load_raw(post)

        assert Post.objects.get().body == self.ATTACK

    def test_leaves_nothing_after_a_rollback(self):
        post = make_post(body="<p>Before</p>")

        with pytest.raises(RollBack), transaction.atomic():
            post.body = self.ATTACK
            post.save()
            raise RollBack

        assert Post.objects.get().body == "<p>Before</p>"


class TestKeepMailedAt:
    @pytest.fixture
    def older_copy(self):
        """Return a copy of a post that was read before the post was mailed."""
        post = make_post(mail_audience=True)
        Post.objects.update(mailed_at=timezone.now())
        return post

    def test_an_older_copy_does_not_forget_that_the_post_was_mailed(self, older_copy):
        older_copy.save()

        assert Post.objects.get().mailed_at

    def test_is_silent_when_the_time_is_not_saved(self, older_copy, django_assert_num_queries):
        with django_assert_num_queries(4):  # savepoint, what is in the row, update, release
            older_copy.save(update_fields=["title"])

    def test_ignores_raw(self, older_copy):
        older_copy.save_base(raw=True)

        assert Post.objects.get().mailed_at is None

    def test_leaves_nothing_after_a_rollback(self, older_copy):
        with pytest.raises(RollBack), transaction.atomic():
            Post.objects.update(mailed_at=None)
            older_copy.save()
            raise RollBack

        assert Post.objects.get().mailed_at


class TestMailLivePosts:
    def test_mails_everybody_once(self):
        emails = [make_user(is_staff=staff).email for staff in (True, False)]
        make_post("Party", mail_audience=True)

        work_due.send(None)
        work_due.send(None)

        assert mailed_to("Party") == sorted(emails)

    def test_mails_the_departments_of_the_audience_only(self):
        sales, finance = make_department(), make_department()
        expected = [make_user(department=sales).email, make_user(department=finance).email]
        make_user(department=make_department())
        make_post("Party", mail_audience=True, audience=[sales, finance])

        work_due.send(None)

        assert mailed_to("Party") == sorted(expected)

    def test_leaves_out_those_who_are_not_active(self):
        make_user(is_active=False)
        make_post("Party", mail_audience=True)

        work_due.send(None)

        assert not mailed_to("Party")
        assert Post.objects.get().mailed_at

    @pytest.mark.parametrize(
        "fields",
        [
            {"mail_audience": False},
            {"mail_audience": True, "starts": 1},
            {"mail_audience": True, "starts": -2, "ends": -1},
        ],
        ids=["not asked for", "not live yet", "ended first"],
    )
    def test_is_silent(self, fields):
        make_user()
        make_post("Party", **fields)

        work_due.send(None)

        assert not mailed_to("Party")
        assert Post.objects.get().mailed_at is None

    def test_is_silent_while_paused(self):
        make_user()
        make_post("Party", mail_audience=True)

        with publishing.post_mail.paused():
            work_due.send(None)

        assert not mailed_to("Party")

    def test_mails_a_post_that_was_loaded_raw_when_it_is_due(self):
        """A loaded row is like any other: it is the worker that mails it, not the load."""
        make_user()
        load_raw(make_post("Party", mail_audience=True))
        assert not mailed_to("Party")

        work_due.send(None)

        assert mailed_to("Party")

    def test_leaves_nothing_after_a_rollback(self):
        make_user()
        make_post("Party", mail_audience=True)

        with pytest.raises(RollBack), transaction.atomic():
            work_due.send(None)
            raise RollBack

        assert not mailed_to("Party")
        assert Post.objects.get().mailed_at is None

    def test_the_text_is_readable_and_the_title_is_escaped(self):
        make_user()
        make_post("Tea & <b>cake</b>", mail_audience=True, body="<ul><li>Tea</li></ul>")

        publishing.mail_next_post()

        message = compose(Mail.objects.get(template="post"))
        assert message.subject == "Tea & <b>cake</b>"
        assert "- Tea" in message.body
        assert "Tea &amp; &lt;b&gt;cake" in message.alternatives[0].content
        assert "<li>Tea</li>" in message.alternatives[0].content

    def test_a_post_that_cannot_be_written_keeps_no_other_back(self, monkeypatch):
        make_user()
        for title, pinned in (("Broken", True), ("Party", False)):
            make_post(title, mail_audience=True, pinned=pinned)

        def facts(post, facts=publishing.facts):
            return facts(None if post.title == "Broken" else post)

        monkeypatch.setattr(publishing, "facts", facts)

        with pytest.raises(Noted):
            publishing.mail_next_post()

        assert mailed_to("Party")
        assert Post.objects.due_for_mail().get().title == "Broken"
        assert publishing.mail_next_post() == 0

    def test_the_admins_are_told_once_of_a_post_that_cannot_be_written(self, monkeypatch):
        make_superuser()
        make_post("Broken", mail_audience=True)
        monkeypatch.setattr(publishing, "facts", lambda post: post.nothing)

        for _ in range(2):
            with pytest.raises(Noted):
                publishing.mail_next_post()
            Trouble.objects.update(next_attempt_at=timezone.now())

        notice = Notice.objects.get()
        assert notice.message == "The post “Broken” could not be mailed"
        assert "AttributeError" in notice.detail

    def test_a_trouble_ends_with_its_post(self, monkeypatch):
        make_post("Broken", mail_audience=True)
        monkeypatch.setattr(publishing, "facts", lambda post: post.nothing)
        with pytest.raises(Noted):
            publishing.mail_next_post()

        Post.objects.get().delete()
        publishing.mail_next_post()

        assert not Trouble.objects.exists()

    def test_a_post_stays_due_when_no_mail_could_be_written(self, settings):
        make_user()
        make_post("Party", mail_audience=True)
        settings.DEFAULT_FROM_EMAIL = "nobody"

        with pytest.raises(Noted) as noted:
            publishing.mail_next_post()

        assert Post.objects.due_for_mail().exists()
        assert "cannot be written" in str(noted.value.__cause__)

    def test_number_of_queries_does_not_grow_with_the_audience(self, django_assert_max_num_queries):
        for _ in range(20):
            make_user()
        make_post("Party", mail_audience=True)

        with django_assert_max_num_queries(18):
            publishing.mail_next_post()

        assert len(mailed_to("Party")) == 20


class TestClaim:
    def test_only_the_first_worker_gets_a_post(self):
        post = make_post(mail_audience=True)

        assert [publishing.claim(post), publishing.claim(post)] == [True, False]

    def test_a_post_that_ended_meanwhile_is_not_mailed(self):
        post = make_post(mail_audience=True)
        Post.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

        assert not publishing.claim(post)

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one writer")
    def test_two_workers_at_once_mail_once(self):
        make_user()
        make_post("Party", mail_audience=True)
        together = threading.Barrier(2)

        def work():
            together.wait()
            try:
                publishing.mail_next_post()
            finally:
                connection.close()

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert len(mailed_to("Party")) == 1
