"""The head of a person's page, and of the directory."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from intranet.models import Trouble
from intranet.outbox.models import Mail
from intranet.tests.pages import opened
from staff import inviting, leaving
from staff.models import Profile, User
from staff.tests.factories import day, make_department, make_superuser, make_user
from staff.tests.test_photos import photo

pytestmark = pytest.mark.django_db


def person(user):
    return reverse("admin:staff_user_change", args=[user.pk])


def entry(user):
    return reverse("admin:staff_profile_change", args=[user.profile.pk])


def head(client, url):
    return client.get(url).context["head"]


def employ(user, **fields):
    Profile.objects.filter(user=user).update(**fields)
    return user


class TestWhoThatIs:
    def test_is_what_is_stored_when_the_form_comes_back(self, client, hr):
        ada = make_user("ada", first_name="Ada", last_name="Lee")
        typed = opened(client, person(ada), first_name="Eve", email="no address")

        page = client.post(person(ada), typed)

        assert page.context["errors"]
        assert page.context["head"]["name"] == "Ada Lee"
        assert str(page.context["original"]) == page.context["subtitle"] == "Ada Lee"

    def test_is_shown_with_ways_to_department_and_manager(self, client, hr):
        lab, bob = make_department("Lab"), make_user("bob", first_name="Bob")
        ada = employ(make_user("ada", department=lab), job_title="Baker", manager=bob)

        page = client.get(person(ada)).content.decode()

        assert "Baker" in page
        assert f'href="{reverse("admin:staff_department_change", args=[lab.pk])}"' in page
        assert f'href="{person(bob)}"' in page

    def test_says_whether_somebody_left(self, client, hr):
        ada = make_user("ada")
        leaving.plan(ada, day(0))

        assert head(client, person(ada))["status"] == "left"

    def test_calls_the_one_entry_by_one_name_where_nothing_can_be_changed(self, client, hr):
        root = make_superuser()

        page = client.get(person(root)).content.decode()

        assert "Directory entry" in page
        assert "Directory entries" not in page

    def test_there_is_none_for_somebody_new(self, client, hr):
        assert "head" not in client.get(reverse("admin:staff_user_add")).context


class TestNext:
    def test_is_the_day_somebody_leaves(self, client, hr):
        ada = make_user("ada")
        leaving.plan(ada, day(3))

        assert head(client, person(ada))["next"][0].startswith("Leaves on ")

    def test_is_why_somebody_could_not_leave(self, client, hr):
        ada = employ(make_user("ada"), left_on=day(0))
        soon = head(client, person(ada))["next"][0]

        Trouble.objects.create(kind=leaving.TROUBLE, key=ada.profile.pk, error="Disk full")

        assert soon.endswith("within minutes.")
        assert head(client, person(ada))["next"][0].endswith("tried again by itself: Disk full")

    def test_is_why_somebody_could_not_be_invited(self, client, hr):
        ada = employ(make_user("ada", is_staff=False), invite_on=day(0))

        Trouble.objects.create(kind=inviting.TROUBLE, key=ada.profile.pk, error="Disk full")

        assert "The invitation could not be mailed: Disk full" in head(client, person(ada))["next"]

    def test_is_the_first_day(self, client, hr):
        ada = employ(make_user("ada"), started_on=day(3))

        assert head(client, person(ada))["next"][0].startswith("First day on ")

    def test_is_the_answer_to_an_invitation(self, client, hr):
        ada = User.objects.create_user("ada", "ada@example.com", is_staff=True)
        assert head(client, person(ada))["next"] == ["The invitation waits to be sent."]

        Mail.objects.update(status=Mail.Status.SENT, sent_at=timezone.now())

        assert head(client, person(ada))["next"][0].startswith("Invitation unanswered since ")

    def test_is_nothing_of_an_invitation_for_whoever_is_inactive(self, client, hr):
        ada = User.objects.create_user("ada", "ada@example.com", is_staff=True, is_active=False)

        assert head(client, person(ada))["next"] == []


class TestReports:
    def reports(self, count, to):
        for _ in range(count):
            employ(make_user(), manager=to)

    def test_are_named_and_the_others_counted(self, client, hr):
        ada = make_user("ada")
        self.reports(15, ada)

        shown = head(client, person(ada))

        assert len(shown["reports"]) == 12
        assert shown["more"].text == "and 3 more"
        assert client.get(shown["more"].url).context["cl"].result_count == 15

    def test_leave_out_who_left(self, client, hr):
        ada, bob = make_user("ada"), make_user("bob")
        employ(bob, manager=ada, departed_at=timezone.now())

        assert head(client, person(ada))["reports"] == []

    def test_take_no_more_queries_when_there_are_more(self, client, hr):
        ada = make_user("ada")
        few = self.queries(client, ada, 1)

        assert self.queries(client, ada, 9) == few

    def queries(self, client, ada, more):
        self.reports(more, ada)
        with CaptureQueriesContext(connection) as captured:
            client.get(person(ada))
        return len(captured)


class TestForm:
    def test_shows_the_picture_and_no_path(self, client, hr):
        ada = make_user("ada")
        ada.profile.photo = photo()
        ada.profile.save()

        page = client.get(person(ada)).content.decode()

        assert f'<img class="rounded-default" src="{ada.profile.photo.url}"' in page
        assert f'value="{ada.profile.photo.url}"' not in page
        assert 'name="profile-0-photo-clear"' in page

    def test_has_no_menus_that_change_what_can_be_chosen(self, client):
        client.force_login(make_superuser())

        page = client.get(person(make_user("ada"))).content.decode()

        assert "related-widget-wrapper" not in page


class TestWays:
    def test_lead_to_the_mails_of_one_address(self, client, hr):
        ada = make_user("ada", email="ada@example.com")
        make_user("granada", email="granada@example.com")

        links = {it.text: it.url for it in head(client, person(ada))["links"]}

        mails = client.get(links["Mails"]).context["cl"].result_list
        assert {mail.to for mail in mails} == {"ada@example.com"}
        assert links["History"] == reverse("admin:staff_user_history", args=[ada.pk])

    def test_are_only_for_those_who_may(self, client):
        ada, viewer = make_user("ada"), make_user("viewer")
        viewer.user_permissions.set(Permission.objects.filter(codename="view_user"))
        client.force_login(viewer)

        assert [it.text for it in head(client, person(ada))["links"]] == ["History"]


class TestDirectory:
    def test_leads_those_who_may_to_the_person(self, client, hr):
        ada = make_user("ada")

        assert [it.url for it in head(client, entry(ada))["links"]] == [person(ada)]

    def test_leads_others_to_other_entries(self, client):
        client.force_login(make_user("viewer"))
        ada, bob = make_user("ada"), make_user("bob")
        employ(ada, manager=bob, left_on=day(9))

        shown = head(client, entry(ada))

        assert (shown["links"], shown["status"], shown["next"]) == ([], False, [])
        assert shown["manager"].url == entry(bob)
        assert head(client, entry(bob))["reports"][0].url == entry(ada)

    def test_leads_nobody_to_who_is_hidden(self, client):
        client.force_login(make_user("viewer"))
        ada, bob = make_user("ada"), make_user("bob", is_active=False)
        employ(ada, manager=bob)
        employ(bob, manager=ada)

        assert head(client, entry(ada))["manager"].url == ""
        assert head(client, entry(ada))["reports"] == []

    def test_deletes_nobody(self, client):
        client.force_login(make_superuser())
        ada = make_user("ada")

        page = client.get(entry(ada)).content.decode()

        assert "/delete/" not in page
