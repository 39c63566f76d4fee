"""Rows that are not imported: wrong, doubled, or beyond the rights of who imports."""

import pytest
from django.contrib.auth.models import Group

from staff.forms import SIGN_IN_IS_THEIRS
from staff.models import Profile, User

from .factories import make_department, make_superuser, make_user
from .tables import NEW, problems, run

pytestmark = pytest.mark.django_db


class TestWrongRows:
    @pytest.mark.parametrize(
        ("column", "cell", "reason"),
        [
            ("E-mail", "nobody", "Enter a valid email address."),
            ("Department", "Nowhere", "There is no department of this name."),
            ("Manager", "x@example.com", "Nobody has this e-mail address or staff number."),
            ("Manager", "ada@example.com", "Nobody is their own manager."),
            ("Manager", "7", "Nobody is their own manager."),
            ("Start date", "31.2.2026", "This is no date. Write it as 2026-01-31."),
            (
                "Start date",
                "0024-01-31",
                "The year 0024 cannot be meant: it must be from 1900 to 2099.",
            ),
            (
                "Start date",
                "31.1.2204",
                "The year 2204 cannot be meant: it must be from 1900 to 2099.",
            ),
            (
                "First name",
                "Ren\ufffd",
                "A letter was lost here and stands as “\ufffd”. Write it again.",
            ),
            (
                "Last name",
                "?ukasz",
                "A letter was lost here and stands as “?”. Write it again.",
            ),
            ("Groups", '"User, Kings"', "There is no group Kings."),
            ("Can sign in", "perhaps", "Write yes or no."),
            ("First name", '"A\nB"', "Line breaks are not allowed here."),
            (
                "Job",
                "Cook\u202e!",
                "A character nobody sees in this turns the direction of writing. Type it anew.",
            ),
            ("E-mail", "bob@example.com", "Somebody with this e-mail address exists already."),
        ],
    )
    def test_are_told_by_line_column_value_and_reason(self, column, cell, reason):
        ada = make_user("ada")
        ada.profile.staff_number = "7"
        ada.profile.save()
        make_user("bob", first_name="Bob")

        result = run(f"Staff number,{column}", f"7,{cell}")

        assert problems(result) == [(2, column, cell.strip('"'), reason)]

    def test_nothing_at_all_is_written(self):
        result = run(NEW, "a@example.com,Ada,Byron", "bad,Bo,Li")

        assert result.totals["invalid"] == 1
        assert not User.objects.exists()

    def test_lines_are_those_of_the_file(self):
        result = run(NEW + ",Job", "", 'a@example.com,Ada,Byron,"two\nlines"', "bad,Bo,Li,x")

        assert [line for line, *_ in problems(result)] == [5]

    def test_two_rows_about_one_person(self):
        ada = make_user("ada", first_name="Ada")
        ada.profile.staff_number = "7"
        ada.profile.save()

        result = run("Staff number,E-mail", "7,x@example.com", ",ada@example.com")

        assert problems(result)[0][3] == "Line 2 is about Ada as well."

    def test_the_last_superuser_stays(self):
        make_superuser("root")

        result = run("E-mail,Active", "root@example.com,no")

        assert "last active superuser" in problems(result)[0][3]
        assert User.objects.get().is_active


class TestDoubledRows:
    HAS_IT = "Line 2 has this e-mail address already."

    def test_say_each_which_line_has_the_address_already(self):
        rows = "a@example.com,Ada,B", "A@example.com,Ada,B", "b@example.com,Bo,C", "a@example.com,D"

        result = run(NEW, *rows)

        assert problems(result) == [
            (3, "E-mail", "A@example.com", self.HAS_IT),
            (5, "E-mail", "a@example.com", self.HAS_IT),
        ]
        assert not User.objects.exists()

    def test_say_which_line_has_the_staff_number_already(self):
        Profile.objects.filter(user=make_user("ada")).update(staff_number="7")
        Profile.objects.filter(user=make_user("bob")).update(staff_number="8")

        result = run("Staff number,Job", "7,x", "8,x", "7,y")

        assert problems(result) == [
            (4, "Staff number", "7", "Line 2 has this staff number already.")
        ]

    def test_hide_nothing_else_that_is_wrong(self):
        header = f"{NEW},Start date,Manager"

        result = run(
            header,
            "a@example.com,Ada,B,,",
            "a@example.com,Ada,B,yesterday,nobody@example.com",
            "c@example.com,Cy,D,tomorrow,",
        )

        assert [(line, column) for line, column, *_ in problems(result)] == [
            (3, "E-mail"), (3, "Manager"), (3, "Start date"), (4, "Start date"),
        ]  # fmt: skip

    def test_are_found_in_another_batch(self, monkeypatch):
        monkeypatch.setattr("staff.exchange.resource.BATCH", 1)

        result = run(NEW, "a@example.com,Ada,B", "a@example.com,Ada,C")

        assert problems(result) == [(3, "E-mail", "a@example.com", self.HAS_IT)]
        assert not User.objects.exists()

    def test_are_none_where_a_manager_is_named_twice(self):
        rows = "a@example.com,Ada,B,", "a@example.com,Ada,C,", "b@example.com,Bo,D,a@example.com"

        result = run(f"{NEW},Manager", *rows)

        assert problems(result) == [(3, "E-mail", "a@example.com", self.HAS_IT)]

    def test_are_none_where_the_same_is_wrong_twice(self):
        result = run(
            f"Staff number,{NEW}",
            "1.23E+05,not a mail,Ada,B",
            "1.23E+05,not a mail,Bo,C",
        )

        reasons = [reason for *_, reason in problems(result)]
        assert reasons == 2 * [
            "A spreadsheet has shortened this number. Write it in full.",
            "Enter a valid email address.",
        ]


class TestRights:
    def test_hr_changes_people(self):
        make_user("ada")

        assert problems(run("E-mail,Job", "ada@example.com,x", actor=make_user(roles=["HR"]))) == []

    @pytest.mark.parametrize(
        ("column", "cell"),
        [("E-mail", "x@example.com"), ("Active", "no"), ("Can sign in", "no"), ("Job", "x")],
    )
    def test_hr_leaves_superusers_alone(self, column, cell):
        root = make_superuser("root")
        root.profile.staff_number = "1"
        root.profile.save()

        result = run(f"Staff number,{column}", f"1,{cell}", actor=make_user(roles=["HR"]))

        assert problems(result) == [(2, column, cell, "Only superusers change a superuser.")]

    def test_hr_keeps_the_address_of_somebody_with_more_rights(self):
        hr = make_user(roles=["HR"])
        for number, role in enumerate(["Editors", "HR"]):
            user = make_user(roles=[role])
            Profile.objects.filter(user=user).update(staff_number=number)

        result = run("Staff number,E-mail", "0,a@example.com", "1,b@example.com", actor=hr)

        assert problems(result) == [(2, "E-mail", "a@example.com", SIGN_IN_IS_THEIRS)]

    def test_a_file_that_changes_nothing_of_a_superuser_passes(self):
        make_superuser("root")

        result = run("E-mail,Active", "root@example.com,yes", actor=make_user(roles=["HR"]))

        assert problems(result) == []

    def test_hr_gives_no_group_beyond_its_own_rights(self):
        result = run(NEW + ",Groups", "a@example.com,A,B,Editors", actor=make_user(roles=["HR"]))

        assert problems(result)[0][3] == "You may not give or take these groups: Editors."

    def test_hr_takes_no_group_beyond_its_own_rights(self):
        make_user("ada", roles=["Editors"])

        result = run("E-mail,Groups", "ada@example.com,", actor=make_user(roles=["HR"]))

        assert problems(result)[0][1] == "Groups"

    def test_a_department_is_no_back_door(self):
        make_department("Press", groups=["Editors"])

        result = run(NEW + ",Department", "a@example.com,A,B,Press", actor=make_user(roles=["HR"]))

        assert problems(result)[0][1:3] == ("Department", "Press")

    def test_nobody_gives_themselves_a_group(self):
        hr = make_user("hr", roles=["HR"])
        make_department("Sales", groups=["Sellers"])
        Group.objects.create(name="Club")

        result = run("E-mail,Department,Groups", "hr@example.com,Sales,Club", actor=hr)

        assert {column for _, column, *_ in problems(result)} == {"Department", "Groups"}

    @pytest.mark.parametrize("column", ["Active", "Can sign in"])
    def test_nobody_locks_themselves_out(self, column):
        make_superuser("root")
        actor = make_superuser("other")

        result = run(f"E-mail,{column}", "other@example.com,no", actor=actor)

        assert problems(result)[0][1] == column

    def test_superusers_give_any_group(self):
        result = run(NEW + ",Groups", "a@example.com,A,B,Editors", actor=make_superuser())

        assert problems(result) == []
