"""An import of people: who is new, who is known, and what follows from it."""

import datetime

import pytest
from django.contrib.auth.models import Group

from intranet.languages import speaking
from intranet.outbox.models import Mail
from intranet.tables import read_csv
from staff import leaving
from staff.exchange import COLUMNS, EXAMPLE, PeopleResource
from staff.models import Profile, User

from .factories import make_department, make_superuser, make_user
from .rows import group_names
from .tables import NEW, problems, run

pytestmark = pytest.mark.django_db


class TestNewPeople:
    def test_get_an_account_a_profile_and_the_groups_of_their_department(self):
        make_department("Sales", groups=["Sellers"])
        boss = make_user("boss")

        result = run(
            "Staff number,E-mail,First name,Last name,Job,Department,Manager,Start date,"
            "Groups,Can sign in,Active",
            "7,Ada@EXAMPLE.com,Ada,Byron,Clerk,Sales,boss@example.com,2026-01-31,Editors,yes,yes",
        )

        ada = User.objects.get(email="Ada@example.com")
        assert problems(result) == []
        assert (ada.username, ada.name, ada.is_staff) == ("ada", "Ada Byron", True)
        assert (ada.profile.staff_number, ada.profile.job_title) == ("7", "Clerk")
        assert (ada.profile.manager, ada.profile.department.name) == (boss, "Sales")
        assert ada.profile.started_on == datetime.date(2026, 1, 31)
        assert group_names(ada) == {"User", "Sellers", "Editors"}

    def test_have_no_usable_password(self):
        run(NEW, "a@example.com,Ada,Byron")

        assert not User.objects.get().has_usable_password()

    def test_get_free_user_names(self):
        make_user("ada")

        run(NEW, "ada@example.org,Ada,One", "ada@example.net,Ada,Two")

        assert set(User.objects.values_list("username", flat=True)) == {"ada", "ada2", "ada3"}

    def test_need_an_address_and_a_name(self):
        result = run("Staff number,E-mail,First name,Last name", "7,,Ada,", "8,b@example.com,,")

        assert problems(result) == [
            (2, "E-mail", "", "This field is required."),
            (3, "Last name", "", "Somebody new needs a name: one is enough."),
        ]

    def test_are_told_once_what_is_wrong_with_a_cell(self):
        result = run(NEW, "a@example.com,Ada,Ren\ufffd", "b@b@example.com,Bo,Li")

        assert [column for _, column, *_ in problems(result)] == ["Last name", "E-mail"]

    @pytest.mark.parametrize("column", ["First name", "Last name"])
    def test_may_have_only_one_name(self, column):
        run(f"E-mail,{column}", "a@example.com,Suharto")

        assert User.objects.get().name == "Suharto"

    def test_may_be_managed_by_somebody_further_down(self):
        run(NEW + ",Manager", "a@example.com,Ada,B,b@example.com", "b@example.com,Bo,Li,")

        assert Profile.objects.get(user__first_name="Ada").manager.first_name == "Bo"

    def test_the_example_file_has_all_columns_and_can_be_imported(self):
        assert read_csv(EXAMPLE.read_bytes()).headers == list(COLUMNS.values())
        result = PeopleResource().import_data(read_csv(EXAMPLE.read_bytes()))

        assert result.totals["new"] == 2


class TestKnownPeople:
    def test_are_recognised_by_staff_number_before_e_mail(self):
        ada = make_user("ada")
        ada.profile.staff_number = "7"
        ada.profile.save()

        run("Staff number,E-mail", "7,new@example.com")

        ada.refresh_from_db()
        assert ada.email == "new@example.com"

    def test_are_recognised_by_e_mail_whatever_its_case(self):
        ada = make_user("ada")

        run("E-mail,Job", "ADA@example.com,Boss")

        assert Profile.objects.get(user=ada).job_title == "Boss"
        assert User.objects.get().email == "ada@example.com"

    def test_keep_what_the_file_has_no_column_for(self):
        make_user("ada", first_name="Ada", roles=["HR"])

        result = run("E-mail", "ada@example.com")

        assert result.totals["skip"] == 1
        assert group_names(User.objects.get()) == {"User", "HR"}

    def test_lose_what_an_empty_cell_stands_for(self):
        make_user("ada", roles=["HR"], department=make_department("Sales"))

        run("E-mail,Department,Groups", "ada@example.com,,")

        ada = User.objects.get()
        assert ada.profile.department is None
        assert group_names(ada) == {"User"}

    def test_get_the_groups_of_their_new_department_and_lose_the_old_ones(self):
        ada = make_user("ada", department=make_department("Sales", groups=["Sellers"]))
        make_department("Press", groups=["Writers"])

        run("E-mail,Department", "ada@example.com,Press")

        assert group_names(ada) == {"User", "Writers"}

    def test_the_result_says_what_changes(self):
        make_user("ada", first_name="Ada")

        result = run("E-mail,First name,Active", "ada@example.com,Eda,no", dry_run=True)

        assert result.rows[0].changes == [("First name", "Ada", "Eda"), ("Active", "yes", "no")]

    def test_are_saved_field_by_field(self):
        ada = make_user("ada")
        User.objects.filter(pk=ada.pk).update(last_login="2026-01-01T00:00:00Z")

        run("E-mail,First name", "ada@example.com,Eda")

        assert User.objects.get().last_login is not None


class TestPeopleWhoLeft:
    def test_are_not_changed_before_they_are_back(self):
        ada = make_user("ada", first_name="Ada", department=make_department("Sales"))
        leaving.plan(ada, datetime.date(2026, 1, 31))

        result = run("E-mail,Active", "ada@example.com,yes")

        assert problems(result)[0][3].startswith("Ada left on 31 Jan")

    def test_come_back_unchanged_from_an_export(self):
        make_superuser()
        ada = make_user("ada", department=make_department("Sales", groups=["Sellers"]))
        leaving.plan(ada, datetime.date(2026, 1, 31))

        result = PeopleResource().import_data(PeopleResource().export(User.objects.all()))

        assert result.totals["skip"] == 2


class TestTheGroupForAll:
    def test_is_called_as_on_the_pages_in_both_directions(self):
        ada = make_user("ada", roles=["HR"])
        with speaking("de"):
            [row] = PeopleResource().export(User.objects.all()).dict

        result = run("E-mail,Groups", f'ada@example.com,"{row["Gruppen"]}"', dry_run=True)

        assert row["Gruppen"] == "Alle,HR"
        assert result.totals["skip"] == 1
        assert group_names(ada) == {"User", "HR"}

    @pytest.mark.parametrize("name", ["Everybody", "alle", "Tous", "User"])
    def test_is_found_by_all_its_names(self, name):
        make_user("ada")

        result = run("E-mail,Groups", f"ada@example.com,{name}")

        assert problems(result) == []

    def test_is_offered_by_the_name_on_the_pages(self):
        result = run("E-mail,Groups", "new@example.com,Everyboddy")

        assert problems(result)[0][3].endswith("Did you mean “Everybody”?")


class TestLeavingDate:
    @pytest.mark.parametrize("cell", ["2026-12-31", "31.12.2026", "31/12/2026"])
    def test_passes_unchanged(self, cell):
        Profile.objects.filter(user=make_user("ada")).update(left_on="2026-12-31")

        result = run("E-mail,Leaving date", f"ada@example.com,{cell}")

        assert (problems(result), result.totals["skip"]) == ([], 1)

    @pytest.mark.parametrize(("old", "cell"), [("2026-12-31", ""), (None, "2026-12-31")])
    def test_is_changed_by_the_page_that_does_the_rest(self, old, cell):
        Profile.objects.filter(user=make_user("ada")).update(left_on=old)

        result = run("E-mail,Leaving date", f"ada@example.com,{cell}")

        assert problems(result)[0][3].startswith("Use “Record leaving…” on the person's page")

    def test_is_refused_for_somebody_new(self):
        result = run(NEW + ",Leaving date", "a@example.com,Ada,B,2026-12-31")

        assert [column for _, column, *_ in problems(result)] == ["Leaving date"]


class TestRehearsal:
    def test_leaves_nothing_behind(self):
        make_department("Sales", groups=["Sellers"])
        before = [User.objects.count(), Profile.objects.count(), Group.objects.count()]

        run(NEW + ",Department", "a@example.com,Ada,B,Sales", dry_run=True, welcome=True)

        assert [User.objects.count(), Profile.objects.count(), Group.objects.count()] == before
        assert not Mail.objects.exists()

    def test_says_what_will_happen_by_itself(self):
        make_department("Sales", groups=["Sellers"])
        make_user("bob", roles=["HR"])
        header = NEW + ",Department,Groups"

        result = run(
            header,
            "a@example.com,Ada,B,Sales,",
            "bob@example.com,Bo,Li,,",
            dry_run=True,
            welcome=True,
        )

        assert {
            "Added: 1 person: Ada B",
            "Added: 1 directory entry",
            "Changed: 1 person, Groups: Sellers added: Ada B",
            "Rights: Lost: the group HR: Bo Li",
        } <= set(result.plan.lines)

    def test_does_not_run_what_waits_for_the_commit(self, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks() as callbacks:
            run(NEW, "a@example.com,Ada,B", dry_run=True, welcome=True)

        assert callbacks == []


class TestWelcomeMails:
    def test_are_sent_when_asked_for(self):
        run(NEW, "a@example.com,Ada,B", welcome=True)

        assert Mail.objects.get().to == "a@example.com"

    def test_are_not_sent_otherwise(self):
        run(NEW, "a@example.com,Ada,B")

        assert not Mail.objects.exists()
