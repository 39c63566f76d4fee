"""The pages by which somebody leaves, stays and comes back."""

from datetime import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from intranet.models import Trouble
from intranet.tests.pages import confirmed, confirming, posted
from staff import leaving
from staff.models import Profile, User
from staff.tests.factories import day, make_superuser, make_user
from staff.tests.people_pages import told
from staff.tests.test_head import person

pytestmark = pytest.mark.django_db
LEAVING_TITLES = {"Record leaving…", "Stays after all", "Bring back"}


class TestPages:
    PEOPLE = reverse("admin:staff_user_changelist")

    def act(self, client, action, *people, **values):
        data = {"action": action, "_selected_action": [person.pk for person in people], **values}
        return confirmed(client, self.PEOPLE, data, follow=True)

    def test_leaving_from_the_person(self, client, hr, ada):
        url = reverse("admin:staff_user_leave_person", args=[ada.pk])

        asked = client.get(url)
        confirmed(client, url, {"post": "yes", "left_on": day(3).isoformat()})

        assert "Changed: 1 person, Leaves on: nothing →" in str(asked.context["plan"].lines)
        assert Profile.objects.get(user=ada).left_on == day(3)

    def test_leaving_in_bulk(self, client, hr, ada):
        values = {"post": "yes", "left_on": day(0).isoformat(), "note": "Closed"}

        response = self.act(client, "leaves", ada, make_user(), **values)

        assert told(response)[0].startswith("2 people leave on ")
        assert Profile.objects.exclude(departed_at=None).count() == 2

    @pytest.mark.parametrize("value", ["", "yesterday", day(-1).isoformat(), day(731).isoformat()])
    def test_a_bad_day_is_a_message(self, client, hr, ada, value):
        response = self.act(client, "leaves", ada, post="yes", left_on=value)

        assert response.context["form"].errors["left_on"]
        assert Profile.objects.get(user=ada).left_on is None

    def test_who_left_on_no_day_is_shown_and_brought_back(self, client, hr, ada):
        User.objects.filter(pk=ada.pk).update(is_active=False)
        last = timezone.make_aware(datetime(2026, 3, 2))
        Profile.objects.filter(user=ada).update(departed_at=last)
        assert client.get(person(ada)).context["head"]["next"] == ["Left on 2 Mar 2026."]

        add = reverse("admin:staff_user_add")
        data = posted(client.get(add), last_name="Q", email=ada.email)
        assert "left on 2 Mar 2026" in client.post(add, data).content.decode()

        url = reverse("admin:staff_user_bring_person_back", args=[ada.pk])
        confirmed(client, url, {"post": "yes"})
        assert Profile.objects.get(user=ada).departed_at is None

    def test_oneself_and_superusers_are_left_alone(self, client, hr):
        self.act(client, "leaves", hr, make_superuser(), post="yes", left_on=day(0).isoformat())

        assert User.objects.active().count() == 2

    def test_whoever_takes_over_stays(self, client, hr, ada):
        eve = make_user("eve")
        values = {"post": "yes", "left_on": day(0).isoformat(), "successor": eve.pk}

        response = self.act(client, "leaves", ada, eve, **values)

        why = "you may not do this to them, or they take over the team"
        assert told(response)[1] == f"Left alone, {why}: eve."
        assert User.objects.get(pk=eve.pk).is_active

    def test_a_planned_leaving_can_be_moved_or_called_off(self, client, hr, ada):
        leaving.plan(ada, day(5))
        move, keep = (
            reverse(f"admin:staff_user_{name}", args=[ada.pk])
            for name in ("leave_person", "keep_person")
        )

        confirmed(client, move, {"post": "yes", "left_on": day(9).isoformat()})
        moved = Profile.objects.get(user=ada).left_on
        confirmed(client, keep, {"post": "yes"})

        assert moved == day(9)
        assert Profile.objects.get(user=ada).left_on is None

    def test_receipts_say_what_was_done(self, client, hr, ada):
        eve = make_user("eve")
        leaving.plan(ada, day(0))
        leaving.plan(eve, day(5))
        bring = reverse("admin:staff_user_bring_person_back", args=[ada.pk])

        one = confirmed(client, bring, {"post": "yes"}, follow=True)
        other = self.act(client, "bring_back", eve, post="yes")

        assert told(one)[0].startswith("Ada is back: can sign in again, 1 group back; 1 mail")
        assert told(other) == ["eve stays after all."]

    def test_the_list_says_why_somebody_is_still_here(self, client, hr, ada):
        Profile.objects.filter(user=ada).update(left_on=day(0))
        Trouble.objects.create(kind=leaving.TROUBLE, key=ada.profile.pk, error="Disk full")

        usual = client.get(self.PEOPLE).content.decode()
        due = client.get(f"{self.PEOPLE}?attention=overdue_leavers&presence=everybody")

        assert "It is tried again by itself: Disk full" in due.content.decode()
        assert "Disk full" not in usual

    def test_a_planned_leaving_is_filled_in(self, client, hr, ada):
        eve = make_user("eve")
        leaving.plan(ada, day(5), eve, "Has a laptop")

        asked = client.get(reverse("admin:staff_user_leave_person", args=[ada.pk]))

        form = asked.context["form"]
        shown = {name: form[name].value() for name in form.fields}
        assert shown == {"left_on": day(5), "successor": eve.pk, "note": "Has a laptop"}
        assert asked.context["plan"].lines == []

    def answer(self, client, url, meanwhile, **values):
        """Open a page that asks, do something, and answer."""
        asked = client.post(url, {"post": "yes", **values})
        meanwhile()
        return client.post(url, {"post": "yes", **values, **confirming(asked)})

    def test_what_somebody_else_planned_meanwhile_is_not_overwritten_unseen(self, client, hr, ada):
        url = reverse("admin:staff_user_leave_person", args=[ada.pk])
        typed = {"left_on": day(9).isoformat()}

        again = self.answer(client, url, lambda: leaving.plan(ada, day(5), None, "Ill"), **typed)

        assert "would do something else than the page showed" in again.content.decode()
        assert "No longer: Changed: 1 person, Leaves on: nothing →" in str(again.context["new"])
        assert Profile.objects.get(user=ada).leaving_note == "Ill"
        client.post(url, {"post": "yes", **typed, **confirming(again)})
        assert Profile.objects.get(user=ada).left_on == day(9)

    def test_who_left_meanwhile_is_not_brought_back_by_staying(self, client, hr, ada):
        leaving.plan(ada, day(5))
        url = reverse("admin:staff_user_keep_person", args=[ada.pk])

        again = self.answer(client, url, lambda: leaving.plan(ada, day(0)))

        assert "New: Changed: 1 person, Active: no → yes: Ada" in again.context["new"]
        assert not User.objects.get(pk=ada.pk).is_active

    @pytest.mark.parametrize(
        ("offset", "offered"),
        [
            (None, ["Record leaving…"]),
            (5, ["Record leaving…", "Stays after all"]),
            (0, ["Bring back"]),
        ],
    )
    def test_the_person_s_page_offers_what_fits(self, client, hr, ada, offset, offered):
        if offset is not None:
            leaving.plan(ada, day(offset))

        response = client.get(reverse("admin:staff_user_change", args=[ada.pk]))

        titles = [action["title"] for action in response.context["actions_detail"]]
        assert [title for title in titles if title in LEAVING_TITLES] == offered

    def test_a_leaver_is_not_half_brought_back_in_bulk(self, client, hr, ada):
        leaving.plan(ada, day(0))
        self.PEOPLE += "?presence=everybody"

        response = self.act(client, "activate", ada, post="yes")

        assert "Bring back" in str(told(response))
        assert not User.objects.get(pk=ada.pk).is_active

    def test_a_leaver_is_not_half_brought_back_by_the_form(self, client, hr, ada):
        leaving.plan(ada, day(0))
        page = reverse("admin:staff_user_change", args=[ada.pk])
        shown = client.get(page)

        saved = confirmed(client, page, posted(shown, is_active="on", first_name="Adele"))

        ada.refresh_from_db()
        assert saved.status_code == 302
        assert (ada.first_name, ada.is_active) == ("Adele", False)

    def test_coming_back_from_the_person(self, client, hr, ada):
        leaving.plan(ada, day(0))

        confirmed(
            client, reverse("admin:staff_user_bring_person_back", args=[ada.pk]), {"post": "yes"}
        )

        assert User.objects.get(pk=ada.pk).is_active

    def test_looking_at_the_pages_changes_nothing(self, client, hr, ada):
        client.get(reverse("admin:staff_user_leave_person", args=[ada.pk]))
        leaving.plan(ada, day(0))
        client.get(reverse("admin:staff_user_bring_person_back", args=[ada.pk]))

        assert not User.objects.get(pk=ada.pk).is_active

    def test_leavers_are_hidden_but_can_be_found(self, client, hr, ada):
        leaving.plan(ada, day(0))

        def shown(**query):
            return set(client.get(self.PEOPLE, query).context["cl"].result_list)

        assert shown() == {hr}
        assert shown(presence="left") == {ada}
        assert shown(presence="everybody") == {hr, ada}

    def test_the_directory_hides_them_too(self, client, hr, ada):
        leaving.plan(ada, day(0))
        directory = reverse("admin:staff_profile_changelist")

        def shown(**query):
            rows = client.get(directory, query).context["cl"].result_list
            return {profile.user for profile in rows}

        assert shown() == {hr}
        assert shown(presence="left") == {ada}
        client.force_login(make_user("plain"))
        assert ada not in shown()

    def test_adding_a_leavers_address_offers_to_bring_them_back(self, client, hr, ada):
        leaving.plan(ada, day(0))
        data = {"first_name": "Ada", "last_name": "B", "email": "ADA@example.com"}
        data |= {"profile-TOTAL_FORMS": 1, "profile-INITIAL_FORMS": 0}
        data |= {"documents-TOTAL_FORMS": 0, "documents-INITIAL_FORMS": 0}

        content = confirmed(client, reverse("admin:staff_user_add"), data).content.decode()

        assert reverse("admin:staff_user_bring_person_back", args=[ada.pk]) in content
