from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import make_document, make_post
from intranet import dashboard
from intranet.outbox.models import Mail, Notice
from staff import leaving
from staff.admin import joining
from staff.models import Profile, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
URL = "/admin/"


def opened(client, user):
    client.force_login(user)
    return client.get(URL)


def card(page, title):
    return next(card for card in page.context["cards"] if card["title"] == title)


def make_mail(number, **fields):
    return Mail.objects.create(to="a@example.com", message=b"", message_id=number, **fields)


class TestActors:
    def test_the_anonymous_are_sent_to_sign_in(self, client):
        assert client.get(URL).url.startswith(reverse("admin:login"))

    def test_somebody_without_any_right_is_greeted(self, client):
        user = make_user(first_name="Ada")
        user.groups.clear()

        page = opened(client, user)

        assert page.context["title"].endswith(", Ada")
        assert (page.context["cards"], page.context["quick_links"]) == ([], [])

    def test_hr_may_add_a_person_and_sees_the_outbox(self, client):
        page = opened(client, make_user(roles=["HR"]))

        assert "Add a person" in [link["title"] for link in page.context["quick_links"]]
        assert card(page, "Outbox")

    def test_each_card_leads_where_its_reader_may_go(self, client):
        hr, reader = make_user(roles=["HR"]), make_user()

        assert card(opened(client, hr), "People")["url"].startswith("/admin/staff/user/")
        assert card(opened(client, reader), "People")["url"] == "/admin/staff/profile/"
        titles = {card["title"] for card in opened(client, reader).context["cards"]}
        assert not titles & {"Outbox", "Unread notices", "Papers"}

    def test_a_superuser_sees_everything_even_when_there_is_nothing(self, client):
        page = opened(client, make_superuser())

        assert page.status_code == 200
        assert "There are no posts for you" in page.content.decode()


class TestPartThatFails:
    def test_leaves_the_others_in_place(self, client, monkeypatch):
        def fail(user):
            raise ValueError("no weather")

        monkeypatch.setattr(dashboard, "_cards", [("Weather", fail, [Mail]), *dashboard._cards])
        monkeypatch.setattr(dashboard, "_sections", [("weather.html", fail)])

        page = opened(client, make_superuser())

        assert card(page, "Outbox")
        assert "Weather" not in [card["title"] for card in page.context["cards"]]


class TestCards:
    def test_count_the_unread_notices_of_the_reader_alone(self, client):
        root, other = make_superuser(), make_superuser("other")
        Notice.objects.create(recipient=root, message="one")
        Notice.objects.create(recipient=other, message="two")

        assert card(opened(client, root), "Unread notices")["value"] == 1

    def test_lead_to_the_mails_that_wait(self, client):
        root = make_superuser()
        Mail.objects.all().delete()
        make_mail("1")
        make_mail("2", status=Mail.Status.FAILED)
        make_mail("3", status=Mail.Status.SENT)

        outbox = card(opened(client, root), "Outbox")

        assert (outbox["value"], outbox["hint"]) == (1, "waiting")
        shown = client.get(outbox["url"]).context["cl"].queryset
        assert [it.message_id for it in shown] == ["1"]


class TestCardsAndTheirLists:
    """What a card counts is what it leads to."""

    @pytest.fixture
    def people(self):
        today = timezone.localdate()
        first = today.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        before, after = first - timedelta(days=1), last + timedelta(days=1)
        days = {"first": first, "last": last, "before": before, "after": after, "gone": first}
        for name, day in days.items():
            Profile.objects.filter(user=make_user(name)).update(started_on=day)
        make_user("off", is_active=False)
        leaving.plan(User.objects.get(username="gone"), today)

    @pytest.mark.parametrize("few", [1, 5000])
    @pytest.mark.parametrize("roles", [["HR"], []])
    def test_joiners_are_those_of_this_month(self, client, people, roles, few, monkeypatch):
        """Whoever has no first day joined when they were added."""
        monkeypatch.setattr(joining, "FEW", few)
        make_user("old", date_joined=timezone.now() - timedelta(days=32))
        joiners = card(opened(client, make_user("new", roles=roles)), "Joiners")

        shown = client.get(joiners["url"]).context["cl"].queryset
        assert {it.username for it in shown} == {"first", "last", "new"}
        assert joiners["value"] == 3

    @pytest.mark.parametrize("roles", [["HR"], [], ["Editors"]])
    def test_every_card_counts_what_its_list_shows(self, client, people, roles):
        user = make_user(roles=roles)
        make_document(user)
        make_post()
        make_post(audience=[make_department()])
        make_post(starts=1)
        Notice.objects.create(recipient=user, message="read", read_at=timezone.now())
        Notice.objects.create(recipient=user, message="unread")

        for shown in opened(client, user).context["cards"]:
            assert client.get(shown["url"]).context["cl"].result_count == shown["value"]


class TestQueries:
    def test_do_not_grow_with_people_and_notices(self, client):
        root = make_superuser()
        opened(client, root)

        with CaptureQueriesContext(connection) as few:
            client.get(URL)
        for _ in range(3):
            Notice.objects.create(recipient=root, message="one", actor=make_user())
        with CaptureQueriesContext(connection) as more:
            client.get(URL)

        assert len(more) == len(few)
