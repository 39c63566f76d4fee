"""The times of a post in nights when clocks are changed, and days without a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from documents.models import Post
from documents.tests.factories import make_post
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db

ADD = "/admin/documents/post/add/"
BERLIN = "Europe/Berlin"
SANTIAGO = "America/Santiago"  # changes its clocks at midnight
HAVANA = "America/Havana"  # shows the first hour of a day twice
LORD_HOWE = "Australia/Lord_Howe"  # changes by half an hour
APIA = "Pacific/Apia"  # had no 30 December 2011


def moment(name, text):
    day, _, at = text.partition(" ")
    return {f"{name}_0": day, f"{name}_1": at}


def form(starts="1/1/2020 09:00", ends=""):
    data = {"title": "Night shift", "body": "<p>Come.</p>"}
    return data | moment("publish_at", starts) | moment("expires_at", ends)


def saved(client, **times):
    assert client.post(ADD, form(**times)).status_code == 302
    return Post.objects.get()


def errors(client, **times):
    response = client.post(ADD, form(**times))
    assert response.status_code == 200
    assert not Post.objects.exists()
    return response.context["adminform"].form.errors


def shown(client, post):
    """Return what the form of a post shows, to be sent again (field: text)."""
    page = client.get(reverse("admin:documents_post_change", args=[post.pk]))
    bound = page.context["adminform"].form
    data = {"title": post.title, "body": post.body}
    for name in ("publish_at", "expires_at"):
        for part in bound[name].subwidgets[0].data["subwidgets"]:
            data[part["name"]] = part["value"] or ""
    return data


@pytest.fixture(autouse=True)
def editor(client):
    client.force_login(make_user("ed", roles=["Editors"]))


class TestTheDoubledHour:
    @pytest.mark.parametrize("field", ["starts", "ends"])
    @pytest.mark.parametrize(
        ("zone", "text", "utc"),
        [
            (BERLIN, "25/10/2026 02:30", (2026, 10, 25, 0, 30)),
            ("Europe/London", "25/10/2026 01:30", (2026, 10, 25, 0, 30)),
            (HAVANA, "1/11/2026 00:15", (2026, 11, 1, 4, 15)),
            (LORD_HOWE, "5/4/2026 01:45", (2026, 4, 4, 14, 45)),
        ],
    )
    def test_it_can_be_saved_and_means_the_first(self, client, settings, field, zone, text, utc):
        settings.TIME_ZONE = zone

        post = saved(client, **{field: text})

        name = {"starts": "publish_at", "ends": "expires_at"}[field]
        assert getattr(post, name) == datetime(*utc, tzinfo=UTC)

    @pytest.mark.parametrize("name", ["publish_at", "expires_at"])
    def test_the_second_is_not_shifted_by_opening_and_saving(self, client, settings, name):
        settings.TIME_ZONE = BERLIN
        second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
        others = {"publish_at": datetime(2020, 1, 1, tzinfo=UTC), "expires_at": None}
        post = make_post(**{**others, name: second})

        data = shown(client, post)
        response = client.post(reverse("admin:documents_post_change", args=[post.pk]), data)

        assert data[f"{name}_1"] == "02:30"
        assert response.status_code == 302
        post.refresh_from_db()
        assert getattr(post, name) == second

    def test_another_time_in_that_hour_is_what_was_typed(self, client, settings):
        settings.TIME_ZONE = BERLIN
        post = make_post(publish_at=datetime(2026, 10, 25, 1, 30, tzinfo=UTC))

        data = shown(client, post) | moment("publish_at", "25/10/2026 02:45")
        client.post(reverse("admin:documents_post_change", args=[post.pk]), data)

        post.refresh_from_db()
        assert post.publish_at == datetime(2026, 10, 25, 0, 45, tzinfo=UTC)

    def test_an_end_in_the_same_hour_is_compared_by_the_clock_of_the_world(self, client, settings):
        settings.TIME_ZONE = BERLIN
        start = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # the first 02:50
        end = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # the second 02:10
        post = make_post(publish_at=start, expires_at=end)

        data = shown(client, post) | {"title": "Longer shift"}
        client.post(reverse("admin:documents_post_change", args=[post.pk]), data)

        post.refresh_from_db()
        assert (post.title, post.publish_at, post.expires_at) == ("Longer shift", start, end)


class TestWhatIsNotShown:
    def test_a_post_that_ended_within_its_first_second_can_be_edited(self, client):
        start, end = (datetime(2026, 5, 3, 9, 0, 0, part, tzinfo=UTC) for part in (5, 9))
        post = make_post(publish_at=start, expires_at=end)

        data = shown(client, post) | {"title": "Short shift"}
        client.post(reverse("admin:documents_post_change", args=[post.pk]), data)

        post.refresh_from_db()
        assert (post.title, post.publish_at, post.expires_at) == ("Short shift", start, end)


class TestTheMissingHour:
    @pytest.mark.parametrize("field", ["starts", "ends"])
    @pytest.mark.parametrize(
        ("zone", "text", "names"),
        [
            (BERLIN, "29/3/2026 02:30", "29 Mar 2026, 03:00"),
            (BERLIN, "29/3/2026 02:00", "29 Mar 2026, 03:00"),
            (BERLIN, "29/3/2026 02:59:59", "29 Mar 2026, 03:00"),
            ("Europe/London", "29/3/2026 01:30", "29 Mar 2026, 02:00"),
            (SANTIAGO, "6/9/2026 00:30", "6 Sep 2026, 01:00"),
            (LORD_HOWE, "4/10/2026 02:15", "4 Oct 2026, 02:30"),
            (APIA, "30/12/2011 12:00", "31 Dec 2011, 00:00"),
        ],
    )
    def test_the_message_names_the_next_valid_time(
        self, client, settings, field, zone, text, names
    ):
        settings.TIME_ZONE = zone
        times = {"starts": "1/1/2010 09:00", field: text}

        (message,) = errors(client, **times)["publish_at" if field == "starts" else "expires_at"]

        assert message.startswith("Clocks skip this time")
        assert message.endswith(f"The next valid time is {names}.")

    @pytest.mark.parametrize("text", ["29/3/2026 01:59:59", "29/3/2026 03:00"])
    def test_the_times_around_it_are_saved(self, client, settings, text):
        settings.TIME_ZONE = BERLIN

        start = timezone.localtime(saved(client, starts=text).publish_at)

        assert f"{start:%-d/%-m/%Y %H:%M:%S}".startswith(text)


class TestADayWithoutATime:
    @pytest.mark.parametrize(
        ("zone", "day", "utc"),
        [
            (BERLIN, "24/12/2026", (2026, 12, 24, 22, 59, 59)),
            ("UTC", "24/12/2026", (2026, 12, 24, 23, 59, 59)),
            ("America/New_York", "24/12/2026", (2026, 12, 25, 4, 59, 59)),
            (BERLIN, "25/10/2026", (2026, 10, 25, 22, 59, 59)),
            (BERLIN, "29/3/2026", (2026, 3, 29, 21, 59, 59)),
            (SANTIAGO, "4/4/2026", (2026, 4, 5, 3, 59, 59)),  # the second 23:59:59
            (SANTIAGO, "5/9/2026", (2026, 9, 6, 3, 59, 59)),
        ],
    )
    def test_an_end_means_the_end_of_that_day(self, client, settings, zone, day, utc):
        settings.TIME_ZONE = zone

        assert saved(client, ends=day).expires_at == datetime(*utc, tzinfo=UTC)

    def test_the_post_is_live_all_that_day_and_over_the_next(self, client, settings):
        settings.TIME_ZONE = BERLIN

        post = saved(client, starts="24/12/2026 09:00", ends="24/12/2026")

        assert timezone.localtime(post.expires_at).isoformat() == "2026-12-24T23:59:59+01:00"

    def test_the_form_shows_that_end_and_keeps_it(self, client, settings):
        settings.TIME_ZONE = SANTIAGO
        post = saved(client, ends="4/4/2026")

        data = shown(client, post)
        client.post(reverse("admin:documents_post_change", args=[post.pk]), data)

        assert (data["expires_at_0"], data["expires_at_1"]) == ("04/04/2026", "23:59")
        assert Post.objects.get().expires_at == post.expires_at

    @pytest.mark.parametrize(
        ("zone", "day", "utc"),
        [
            (BERLIN, "24/12/2026", (2026, 12, 23, 23, 0)),
            (SANTIAGO, "6/9/2026", (2026, 9, 6, 4, 0)),  # starts at one
            (HAVANA, "1/11/2026", (2026, 11, 1, 4, 0)),  # the first midnight
        ],
    )
    def test_a_start_means_the_start_of_that_day(self, client, settings, zone, day, utc):
        settings.TIME_ZONE = zone

        assert saved(client, starts=day).publish_at == datetime(*utc, tzinfo=UTC)

    def test_the_page_says_so(self, client):
        content = client.get(ADD).content.decode()

        assert "Without a time, the post goes live as that day starts." in content
        assert "Without a time, the post ends with that day, at 23:59." in content

    def test_the_page_lets_the_time_be_empty(self, client):
        bound = client.get(ADD).context["adminform"].form["publish_at"]

        day, at = bound.subwidgets[0].data["subwidgets"]

        assert (day["attrs"].get("required"), at["attrs"].get("required")) == (True, False)


class TestWhatIsStillRefused:
    @pytest.mark.parametrize(
        ("times", "name", "message"),
        [
            ({"starts": ""}, "publish_at", "This field is required."),
            ({"starts": " 09:00"}, "publish_at", "Enter the day as well."),
            ({"ends": " 09:00"}, "expires_at", "Enter the day as well."),
            ({"ends": "31/2/2026"}, "expires_at", "Enter a date such as 31/12/2026."),
            ({"ends": "1/2/2026 25:00"}, "expires_at", "Enter a time such as 14:30."),
            ({"ends": "31/12/9999"}, "expires_at", "Enter a date such as 31/12/2026."),
            ({"ends": "31/12/9999 23:59"}, "expires_at", "Enter a date such as 31/12/2026."),
            ({"starts": "1/1/2020 10:00", "ends": "31/12/2019"}, "__all__", "A post has to"),
        ],
    )
    def test_the_form_says_why(self, client, settings, times, name, message):
        settings.TIME_ZONE = "America/New_York"

        assert message in errors(client, **times)[name][0]

    def test_the_first_day_of_all(self, client, settings):
        settings.TIME_ZONE = BERLIN

        assert (
            "Enter a date such as 31/12/2026."
            in errors(client, starts="1/1/0001 00:00")["publish_at"]
        )
