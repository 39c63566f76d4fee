"""Headers and cells of an import, as people write them."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Group

from intranet.tables import Table, UnreadableTable, read_csv, read_xlsx
from staff.exchange import COLUMNS, PeopleResource, check
from staff.models import Profile, User

from .factories import make_department, make_user
from .tables import NEW, problems, run

pytestmark = pytest.mark.django_db
FIELD = Path(__file__).parent / "field"


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
