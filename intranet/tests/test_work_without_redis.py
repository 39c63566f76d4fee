"""Work beside the page while the Redis that keeps how far it is cannot be reached."""

import pytest
from django.contrib.messages import get_messages

from intranet import progress
from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.tests.test_work import after, asked, confirm
from staff.models import User

from .smtp import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_are_many")]

NOT_KNOWN = "How far it is cannot be said right now. The work goes on all the same."


@pytest.fixture(autouse=True)
def away(settings):
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    nobody_there = {"LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = settings.CACHES | {"progress": redis | nobody_there}


@pytest.fixture
def under_way(root):
    return Work.objects.create(person=root, state=Work.State.RUNNING)


class TestItsPage:
    def test_opens_and_says_that_nobody_knows_how_far_it_is(self, client, under_way):
        page = client.get(under_way.page)

        assert NOT_KNOWN in page.content.decode()

    def test_is_told_so_while_it_follows(self, client, under_way):
        answer = client.get(f"/admin/intranet/work/{under_way.pk}/progress/").json()

        assert answer["says"] == NOT_KNOWN
        assert answer["goes_to"] == ""

    def test_says_how_it_ended_without_asking(self, client, under_way, caplog):
        Work.objects.update(state=Work.State.DONE)

        client.get(under_way.page)

        assert "cannot be read" not in caplog.text


class TestCancelling:
    def test_what_is_under_way_says_that_it_goes_on(self, client, under_way):
        answer = client.post(f"/admin/intranet/work/{under_way.pk}/cancel/")

        told = [str(it) for it in get_messages(answer.wsgi_request)]
        assert answer.url == under_way.page
        assert told == ["It cannot be cancelled right now. Try again in a minute."]

    def test_what_waits_is_possible(self, client, root):
        waiting = Work.objects.create(person=root)

        client.post(f"/admin/intranet/work/{waiting.pk}/cancel/")

        waiting.refresh_from_db()
        assert waiting.state == Work.State.CANCELLED


class TestWorker:
    def test_asks_and_does_it_all_the_same(self, client, people):
        assert after(confirm(client, asked(client, people))).state == Work.State.DONE
        assert not User.objects.filter(pk__in=[it.pk for it in people]).exists()

    def test_goes_on_while_it_is_away(self, under_way, monkeypatch, caplog):
        monkeypatch.setattr(run, "BEAT", 0.01)

        with run.watched(under_way, bool):
            wait_until(lambda: caplog.text.count("cannot be watched") > 1)
            progress.advance()
