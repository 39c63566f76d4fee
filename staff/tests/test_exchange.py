import datetime
import io
from pathlib import Path

import openpyxl
import pytest
from django.contrib.auth.models import Group

from intranet.languages import speaking
from intranet.outbox.models import Mail
from intranet.tables import Table, UnreadableTable, read_csv, read_xlsx, tidy, unescape, written
from staff import leaving
from staff.exchange import COLUMNS, EXAMPLE, PeopleResource, check
from staff.forms import SIGN_IN_IS_THEIRS
from staff.models import Profile, User

from .factories import make_department, make_superuser, make_user
from .tables import problems, run

pytestmark = pytest.mark.django_db

FIELD = Path(__file__).parent / "field"
NEW = "E-mail,First name,Last name"


def group_names(user):
    return set(user.groups.values_list("name", flat=True))


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


class TestNamesAsTheyAreWritten:
    @pytest.mark.parametrize(
        ("stored", "written"),
        [
            ("De\u0301veloppement", "D\u00e9veloppement"),
            ("D\u00e9veloppement", "De\u0301veloppement"),
            ("Human Resources", "HUMAN  resources"),
            ("Human Resources", "Human\u00a0Resources"),
            ("Human  Resources", "human resources"),
        ],
    )
    def test_find_their_department_and_group(self, stored, written):
        department, group = make_department(stored), Group.objects.create(name=stored)

        result = run(NEW + ",Department,Groups", f"a@example.com,Ada,B,{written},{written}")

        assert problems(result) == []
        assert Profile.objects.get().department == department
        assert group in User.objects.get().groups.all()

    def test_are_read_from_a_macs_file(self):
        make_department("D\u00e9veloppement")

        table = read_csv((FIELD / "nfd-department.csv").read_bytes())
        result = PeopleResource().import_data(table)

        assert problems(result) == []

    def test_are_not_mixed_up_when_two_departments_differ_by_blanks(self):
        make_department("Sales  Team")
        exact = make_department("Sales Team")

        run(NEW + ",Department", "a@example.com,Ada,B,Sales Team")
        result = run(NEW + ",Department", "b@example.com,Bo,B,SALES TEAM")

        assert Profile.objects.get().department == exact
        assert "There is no department of this name." in problems(result)[0][3]

    def test_stay_two_with_sharp_s(self):
        make_department("Große Straße")

        assert problems(run(NEW + ",Department", "a@example.com,Ada,B,Grosse Strasse"))

    def test_unknown_ones_get_a_question(self):
        make_department("Human Resources")
        row = "a@example.com,Ada,B,Humen Resource,Editor"

        result = run(NEW + ",Department,Groups", row)

        assert [reason for *_, reason in problems(result)] == [
            "There is no department of this name. Did you mean “Human Resources”?",
            "There is no group Editor. Did you mean “Editors”?",
        ]

    @pytest.mark.parametrize("cell", ["ja", "Oui", "vrai", "X", "wahr"])
    def test_yes_has_many_words(self, cell):
        run(NEW + ",Can sign in", f"a@example.com,Ada,B,{cell}")

        assert User.objects.get().is_staff

    @pytest.mark.parametrize("cell", ["nein", "NON", "faux", "falsch"])
    def test_no_has_many_words(self, cell):
        run(NEW + ",Active", f"a@example.com,Ada,B,{cell}")

        assert not User.objects.get().is_active


class TestWorkPlace:
    def test_phone_and_location_are_imported(self):
        run(NEW + ",Mobile,Office", "a@example.com,Ada,B,+49 30 123,Berlin")

        assert Profile.objects.values_list("phone", "location").get() == ("+49 30 123", "Berlin")

    def test_a_padded_number_of_a_workbook_stays_padded(self):
        ada = make_user("ada")
        Profile.objects.filter(user=ada).update(staff_number="00123")

        table = read_xlsx((FIELD / "padded-number.xlsx").read_bytes())
        PeopleResource().import_data(table)

        assert Profile.objects.get().job_title == "Clerk"


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


class TestColumns:
    @pytest.mark.parametrize("header", ["password", "is_superuser", "Permissions", "Shoe size"])
    def test_unknown_and_forbidden_ones_are_named(self, header):
        with pytest.raises(UnreadableTable, match=f"“{header}” cannot be imported"):
            run(f"E-mail,{header}", "a@example.com,1")

    @pytest.mark.parametrize("header", ["e-mail", "EMAIL", " E_mail "])
    def test_case_and_punctuation_do_not_matter(self, header):
        make_user("ada")

        assert run(header, "ada@example.com").totals["skip"] == 1

    @pytest.mark.parametrize(
        ("column", "headers"),
        [
            (
                "Staff number",
                "Staff no.,Staff-No,Staff nr.,Employee ID,Personalnummer,Personal-Nr.",
            ),
            ("Staff number", "Matricule,N° matricule,N° de matricule,Mitarbeiternummer,PERS.-NR."),
            ("Staff number", "MA-Nr.,Personnel ID,Emp. no.,Numéro d\u2019employé"),
            ("E-mail", "Email,E-mail,EMAIL ADDRESS,E-Mail-Adresse,Courriel,Adresse e-mail,Mail"),
            (
                "First name",
                "Given names,Forename,Vorname(n),Prénom(s),Vorname,Prenom,PRÉNOM,Pre\u0301nom",
            ),
            ("Last name", "Surname,Last_name,Family name,Nachname,Familienname,Nom,Nom de famille"),
            ("Job", "Job title,Position,Funktion,Fonction,Poste,Stelle"),
            ("Department", "Dept.,Abteilung,Abt.,Service,Département"),
            ("Manager", "Line manager,Vorgesetzte/r,Vorgesetzter,Führungskraft,Responsable"),
            ("Phone", "Mobile,Mobile no.,Tel no,Phone no."),
            (
                "Phone",
                "Telefon-Nr.,Mobilnummer,Tel.,Telefon,Handy,Téléphone,Portable",
            ),
            ("Location", "Office,Standort,Büro,Lieu de travail,Bureau"),
            (
                "Start date",
                "First day,Startdatum,Date de début,Eintritt,Date d'entrée,Date d\u2019entrée",
            ),
            ("Leaving date", "Leaves on,Last day,Austritt,Date de sortie"),
            ("Groups", "Group,Gruppen,Groupes"),
            ("Can sign in", "Sign in,Sign-in,Login,Anmeldung,Peut se connecter"),
            ("Active", "Aktiv,Actif"),
        ],
    )
    def test_are_understood_as_people_write_them(self, column, headers):
        for header in headers.split(","):
            other = "E-mail" if column == "Staff number" else "Staff number"
            table = Table(["x", "y"], headers=[header, other])
            table.lines = [2]

            assert [COLUMNS[it] for it in check(table).headers] == [column, other]

    @pytest.mark.parametrize(
        ("headers", "known"),
        [
            (["Personal-Nr.", "Name", "Vorname"], ["Staff number", "Last name", "First name"]),
            (["Courriel", "Nom", "Prénom"], ["E-mail", "Last name", "First name"]),
        ],
    )
    def test_of_a_german_and_a_french_file(self, headers, known):
        table = Table(["1", "2", "3"], headers=headers)
        table.lines = [2]

        assert [COLUMNS[it] for it in check(table).headers] == known

    @pytest.mark.parametrize(
        ("header", "meant"),
        [("Surnam", "Last name"), ("Depratment", "Department"), ("Abteilng", "Department")],
    )
    def test_unknown_ones_get_a_question(self, header, meant):
        with pytest.raises(UnreadableTable, match=f"“{header}”: did you mean “{meant}”?"):
            run(f"E-mail,{header}", "a@example.com,1")

    def test_two_that_mean_the_same_are_refused(self):
        with pytest.raises(UnreadableTable, match="“Mobile”, “Telefon”: both mean “Phone”"):
            run("E-mail,Mobile,Telefon", "a@example.com,1,2")

    def test_doubled_ones_are_refused(self):
        with pytest.raises(UnreadableTable, match="two columns “E-mail”, “email”"):
            run("E-mail,email", "a@example.com,b@example.com")

    def test_a_missing_header_is_noticed(self):
        with pytest.raises(UnreadableTable, match="has no header"):
            run("a@example.com,Ada", "b@example.com,Bo")

    def test_one_to_recognise_people_by_is_needed(self):
        with pytest.raises(UnreadableTable, match="is needed"):
            run("Job", "Clerk")


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


HEADERS_OF_JOBS = ["E-mail", "First name", "Job"]
NASTY = [
    "  =1", "=1+1", "\u00a0=1", "+49 30 123", "-Sales", "@home", "'=quoted", "''", "'", "#N/A",
    "#REF!", "'#N/A", "\uff1d1", "a,b;c\td|e", 'say "hi"', "two\nlines", "two\r\nlines", "\ttab",
    "  blanks  ",
    "De\u0301v", "00123", "1e5", "TRUE", "sep=;", "Total", "x\u2007", "\u3000x", "a\x01b", "\x1f=1",
    "\u200b=1", "\u202a+49 30 1\u202c", "#NV", "'#BEZUG!", "#####", '="00123"', "_x0041_",
    "?", "x\ufeff", "x\ufffey\uffff", "x_x000D_y",
]  # fmt: skip


class TestRoundTrip:
    def test_exported_people_come_back_unchanged(self):
        odd = Group.objects.create(name='Odd, "quoted"; group')
        boss = make_user("boss", first_name="=1+1", last_name="'=quoted")
        person = make_user("ada", first_name=" Ada ", last_name="Ünïcode", roles=["HR"])
        person.groups.add(odd)
        department = make_department("-Sales")
        Profile.objects.filter(user=person).update(
            staff_number="-007", job_title="\tTab", department=department, manager=boss,
            started_on="2026-01-31",
        )  # fmt: skip

        table = PeopleResource().export(User.objects.order_by("pk"))
        result = PeopleResource().import_data(table)

        assert problems(result) == []
        assert result.totals["skip"] == 2

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize("nasty", NASTY)
    def test_nasty_values_come_back_unchanged_from_a_file(self, kind, nasty):
        person = make_user("ada", first_name="Ada")
        Profile.objects.filter(user=person).update(
            staff_number=f"7{nasty}", job_title=nasty, phone=nasty, location=nasty,
            department=make_department(nasty), left_on="2026-12-31",
        )  # fmt: skip
        person.groups.add(Group.objects.create(name=nasty))
        table = PeopleResource().export(User.objects.all())
        data = table.export(kind)

        read = read_csv(data.encode("utf-8-sig")) if kind == "csv" else read_xlsx(data)
        result = PeopleResource().import_data(read)

        assert (problems(result), result.totals["skip"]) == ([], 1)

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    @pytest.mark.parametrize(
        "nasty", [text for text in NASTY if tidy(text) == text == unescape(written(text))]
    )
    def test_nasty_values_arrive_whole(self, kind, nasty):
        table = Table([written("a@example.com"), "Ada", written(nasty)], headers=HEADERS_OF_JOBS)
        data = table.export(kind)

        read = read_csv(data.encode("utf-8-sig")) if kind == "csv" else read_xlsx(data)
        PeopleResource().import_data(read)

        assert Profile.objects.get().job_title == nasty

    @pytest.mark.parametrize(
        "formula", ["=1", "  =1", "\u00a0=1", "\u2007+1", " \t@x", "-1", "\uff1d1"]
    )
    def test_no_cell_of_a_workbook_is_a_formula(self, formula):
        ada = make_user("ada", last_name=formula)
        data = PeopleResource().export(User.objects.filter(pk=ada.pk)).export("xlsx")

        row = next(openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2))

        assert [cell.data_type for cell in row if cell.data_type == "f"] == []
        assert row[3].value == f"'{formula.strip()}"

    @pytest.mark.parametrize("name", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\0x"])
    def test_formulae_are_escaped(self, name):
        person = make_user("x")
        Profile.objects.filter(user=person).update(job_title=name.replace("\0", "\1"))

        [cells] = PeopleResource().export(User.objects.filter(pk=person.pk))

        assert cells[4][0] in "'\N{REPLACEMENT CHARACTER}"

    def test_hashes_and_rights_are_not_exported(self):
        user = make_superuser()

        table = PeopleResource().export(User.objects.all())

        assert user.password not in table.export("csv")
        assert "superuser" not in table.export("csv").lower()


def person_with_profile(user):
    """Return `user`, saved past the constraints that forbid what is tested."""
    user.email = "x@example.com"
    name, user.first_name = user.first_name, ""
    user.save()
    user.first_name = name
    return user
