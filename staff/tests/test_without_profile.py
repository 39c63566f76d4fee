"""People without profile and default group, as `bulk_create` leaves them, are people too."""

from datetime import date

import pytest
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import make_document
from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from intranet.tests.pages import confirmed, page, posted
from staff import leaving
from staff.checks import check_people
from staff.exchange import PeopleResource
from staff.models import Profile, User
from staff.palette import find_people
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.people_pages import ADD, PEOPLE, act, told
from staff.tests.tables import problems, run

pytestmark = pytest.mark.django_db


def leaving_today():
    """Return what the page of a leaving sends."""
    return {"post": "yes", "left_on": str(timezone.localdate()), "successor": "", "note": ""}


def make_bare(name="bare", **fields):
    """Return somebody without profile and default group."""
    (user,) = User.objects.bulk_create(
        [User(username=name, email=f"{name}@example.com", first_name=name.title(), **fields)]
    )
    return User.objects.get(pk=user.pk)


@pytest.fixture
def bare():
    return make_bare()


@pytest.fixture(params=["root", "hr"])
def admin(request, client):
    admin = make_superuser() if request.param == "root" else make_user("hazel", roles=["HR"])
    client.force_login(admin)
    return admin


def now(user):
    return User.objects.get(pk=user.pk)


class TestBulkActions:
    def test_activate(self, client, admin):
        bare = make_bare(is_active=False)

        response = act(client, "activate", bare, post="yes")

        assert told(response)[0].startswith("Bare is active again")
        assert now(bare).is_active

    def test_deactivate(self, client, admin, bare):
        act(client, "deactivate", bare, post="yes")

        assert not now(bare).is_active

    def test_leaves(self, client, admin, bare):
        response = act(client, "leaves", bare, **leaving_today())

        assert told(response)[0].startswith("Bare leaves on ")
        assert now(bare).profile.departed_at
        assert not now(bare).is_active

    def test_bring_back_needs_nothing(self, client, admin, bare):
        response = act(client, "bring_back", bare, post="yes")

        assert told(response)[-1] == "Stays as it is, nothing to change: Bare."

    def test_move_to_department(self, client, admin, bare):
        lab = make_department("Lab", groups=["Readers"])

        act(client, "move_to_department", bare, post="yes", department=lab.pk)

        assert now(bare).profile.department == lab
        assert now(bare).groups.get().name == "Readers"

    def test_add_to_group_and_remove_from_it(self, client, admin, bare):
        readers = Group.objects.create(name="Readers")

        act(client, "add_to_group", bare, post="yes", group=readers.pk)
        had = set(now(bare).groups.all())
        act(client, "remove_from_group", bare, post="yes", group=readers.pk)

        assert had == {readers}
        assert not now(bare).groups.exists()

    @pytest.mark.parametrize("action", ["invite_again", "sign_out_everywhere"])
    def test_others(self, client, admin, bare, action):
        response = act(client, action, bare, post="yes")

        assert told(response)

    def test_together_with_others(self, client, admin, bare):
        eve = make_user("eve", is_active=False)
        User.objects.filter(pk=bare.pk).update(is_active=False)

        response = act(client, "activate", bare, eve, post="yes")

        assert told(response)[0].startswith("2 people are active again")

    def test_delete(self, client, admin, bare):
        act(client, "delete_selected", bare, post="yes")

        assert not User.objects.filter(pk=bare.pk).exists()


class TestPages:
    @pytest.mark.parametrize("name", ["change", "history", "delete"])
    def test_are_shown(self, client, admin, bare, name):
        assert client.get(page(bare, name)).status_code == 200

    @pytest.mark.parametrize(
        "name",
        ["leave_person", "keep_person", "bring_person_back", "invite_person_again",
         "sign_person_out_everywhere"],
    )  # fmt: skip
    def test_what_can_be_done_to_one_is_asked_and_done(self, client, admin, bare, name):
        asked = client.get(page(bare, name))
        done = confirmed(client, page(bare, name), leaving_today(), follow=True)

        assert (asked.status_code, done.status_code) == (200, 200)
        assert told(done)

    def test_leaving_is_offered(self, client, admin, bare):
        assert page(bare, "leave_person") in client.get(page(bare)).content.decode()

    def test_a_round_trip_of_leaving_and_coming_back(self, client, admin, bare):
        confirmed(client, page(bare, "leave_person"), leaving_today())
        left = now(bare).is_active
        confirmed(client, page(bare, "bring_person_back"), {"post": "yes"})

        assert (left, now(bare).is_active) == (False, True)

    def test_saving_fills_in_the_profile(self, client, admin, bare):
        form = posted(client.get(page(bare)), **{"profile-0-job_title": "Clerk"})

        confirmed(client, page(bare), form)

        assert now(bare).profile.job_title == "Clerk"
        assert now(bare).groups.get().name == "User"

    def test_deleting_one(self, client, admin, bare):
        confirmed(client, page(bare, "delete"), {"post": "yes"})

        assert not User.objects.filter(pk=bare.pk).exists()

    @pytest.mark.parametrize(
        "query",
        ["", "presence=everybody", "presence=left", "presence=leaving", "q=bare", "o=1.2.3.4.5.6",
         "invitation=no+sign-in"],
    )  # fmt: skip
    def test_the_list(self, client, admin, bare, query):
        response = client.get(f"{PEOPLE}?{query}")

        shown = "presence=le" not in query
        assert response.status_code == 200
        assert (page(bare) in response.content.decode()) == shown

    def test_adding_somebody_with_their_address_is_refused(self, client, admin, bare):
        form = posted(client.get(ADD), first_name="B", last_name="B", email=bare.email)

        response = confirmed(client, ADD, form)

        assert "exists already" in response.content.decode()

    def test_papers_show_them_as_owner(self, client, admin, bare):
        make_document(bare)

        response = client.get(reverse("admin:documents_document_changelist"))

        assert "Bare" in response.content.decode()

    def test_the_directory_works_without_them(self, client, admin, bare):
        response = client.get(reverse("admin:staff_profile_changelist"))

        assert response.status_code == 200

    def test_as_manager_head_and_successor(self, client, admin, bare):
        eve = make_user("eve", department=make_department(head=bare))
        Profile.objects.filter(user=eve).update(manager=bare, successor=bare)

        response = act(client, "leaves", bare, **leaving_today())

        assert told(response)[0].startswith("Bare leaves on ")
        assert Profile.objects.get(user=eve).manager is None

    def test_they_sign_in_themselves(self, client):
        client.force_login(make_bare(is_staff=True))

        assert client.get(reverse("admin:index")).status_code == 200


class TestCode:
    def test_coming_back(self, bare):
        leaving.bring_back(bare)

        assert now(bare).profile

    def test_planning(self, bare):
        leaving.plan(bare, timezone.localdate())

        assert not now(bare).is_active

    def test_export_and_import(self, bare):
        table = PeopleResource().export(User.objects.filter(pk=bare.pk))

        result = run("E-mail,Job", "bare@example.com,Clerk")

        assert "bare@example.com" in table.export("csv")
        assert problems(result) == []
        assert now(bare).profile.job_title == "Clerk"

    def test_import_of_their_manager_and_groups(self, bare):
        boss = make_bare("boss")

        result = run(
            "E-mail,Manager,Groups,Start date",
            "bare@example.com,boss@example.com,User,2026-01-31",
        )

        assert problems(result) == []
        assert now(bare).profile.manager == boss
        assert now(bare).profile.started_on == date(2026, 1, 31)

    def test_the_palette_finds_them(self, rf, admin, bare):
        request = rf.get("/")
        request.user = admin

        assert [found.title for found in find_people(request, "bare")] == ["Bare"]

    def test_inviting_says_how_to_sign_in(self, client, admin):
        bare = make_bare(is_staff=True)

        act(client, "invite_again", bare, post="yes")

        assert "/admin/password_reset/" in text_of(Mail.objects.get(to="bare@example.com"))


class TestCheck:
    def found(self):
        return check_people(None, databases=["default"])

    def test_all_is_well(self):
        make_user()

        assert self.found() == []

    def test_it_names_who_has_no_profile(self, bare):
        bare.groups.add(Group.objects.get(name="User"))

        (warning,) = self.found()

        assert warning.id == "staff.W001"
        assert warning.msg == "1 person without a profile: bare"
        assert "complete_people" in warning.hint

    def test_it_names_who_is_not_in_the_default_group(self, bare):
        Profile.objects.create(user=bare)

        (warning,) = self.found()

        assert warning.id == "staff.W002"
        assert warning.msg == "1 person who is not in the group for all: bare"

    def test_it_names_the_first_and_counts_all(self):
        for number in range(22):
            make_bare(f"bare{number:02}")

        assert self.found()[0].msg.startswith("22 people without a profile: bare00, bare01, ")
        assert self.found()[0].msg.endswith("bare19, and 2 more")

    @pytest.mark.parametrize("address", ["a@xn--mller-kva.de", "a@example.com\u200b"])
    def test_it_names_whose_address_is_in_an_odd_spelling(self, address):
        make_user("ada")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE staff_user SET email = %s", [address])

        (warning,) = self.found()

        assert warning.id == "staff.W003"
        assert warning.msg == "1 person whose e-mail address is in an odd spelling: ada"

    def test_it_runs_only_when_a_database_is_named(self, bare, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert not [it for it in run_checks() if it.id.startswith("staff.W")]

    def test_the_command_says_it(self, bare, capsys):
        call_command("check", tags=["database"], databases=["default"])

        assert "1 person without a profile: bare" in capsys.readouterr().err

    def test_it_is_silent_before_the_tables_are_there(self, bare, monkeypatch):
        monkeypatch.setattr(connection.introspection, "table_names", lambda *args: [])

        assert self.found() == []


class TestCompletePeople:
    def test_it_gives_what_is_missing_and_nothing_else(self, bare, capsys):
        eve = make_user("eve", roles=["HR"])
        before = (eve.profile, set(eve.groups.all()))
        Mail.objects.all().delete()

        call_command("complete_people")

        assert now(bare).profile
        assert now(bare).groups.get().name == "User"
        assert (now(eve).profile, set(now(eve).groups.all())) == before
        assert Mail.objects.get().subject == "The system gave rights to Bare"
        assert (
            capsys.readouterr().out == "1 profile made, 1 person put into the group “Everybody”.\n"
        )
        assert check_people(None, databases=["default"]) == []

    def test_a_dry_run_changes_nothing(self, bare, capsys):
        call_command("complete_people", "--dry-run")

        assert not Profile.objects.exists()
        assert "would be" in capsys.readouterr().out

    def test_again_there_is_nothing_to_do(self, bare, capsys):
        call_command("complete_people")
        capsys.readouterr()

        call_command("complete_people")

        assert capsys.readouterr().out.startswith("0 profiles made, 0 people")
