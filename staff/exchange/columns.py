"""The columns of a table of people, and the text that each holds for a person."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from intranet.addresses import key
from intranet.tables import Table, UnreadableTable

from ..models import User

COLUMNS = {
    "staff_number": "Staff number",
    "email": "E-mail",
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job",
    "department": "Department",
    "manager": "Manager",
    "phone": "Phone",
    "location": "Location",
    "started_on": "Start date",
    "left_on": "Leaving date",
    "groups": "Groups",
    "is_staff": "Can sign in",
    "is_active": "Active",
}
ALSO = {  # what people call the columns, in English, German and French
    "staff_number": "Staff no, Staff nr, Staff ID, Personnel number, Personnel no, Employee "
    "number, Employee no, Employee ID, Personalnummer, Personalnr, Pers.-Nr., Mitarbeiternummer, "
    "Mitarbeiter-Nr., MA-Nr., Personnel ID, Emp. no, Matricule, Numéro de matricule, N° matricule, "
    "No matricule, N° de matricule, Numéro d'employé, Numéro de personnel",
    "email": "E-mail address, Work e-mail, Mail, Mail address, E-Mail-Adresse, Mailadresse, "
    "Courriel, Adresse e-mail, Adresse mail, Adresse électronique, Mél",
    "first_name": "Given name, Given names, Forename, Forenames, Vorname, Vornamen, Rufname, "
    "Prénom, Prénoms",
    "last_name": "Surname, Family name, Nachname, Familienname, Zuname, Nom, Nom de famille",
    "job_title": "Job title, Position, Role, Function, Beruf, Stelle, Stellenbezeichnung, "
    "Funktion, Tätigkeit, Poste, Fonction, Emploi, Intitulé du poste",
    "department": "Dept, Unit, Division, Abteilung, Abt., Bereich, Service, Département",
    "manager": "Line manager, Supervisor, Reports to, Boss, Vorgesetzter, Vorgesetzte, "
    "Vorgesetzte/r, Führungskraft, Responsable, Supérieur, Supérieur hiérarchique",
    "phone": "Phone number, Phone no, Telephone, Telephone number, Telephone no, Tel, Tel no, "
    "Mobile, Mobile phone, Mobile number, Mobile no, Telefonnr, Mobilnummer, Mobilnr, Handynr, "
    "Rufnummer, Cell, Cell phone, Telefon, Telefonnummer, Tel.-Nr., Handy, Handynummer, Mobil, "
    "Mobiltelefon, Téléphone, Téléphone portable, Tél., Portable, Numéro de téléphone, "
    "N° de téléphone",
    "location": "Office, Site, Workplace, Standort, Ort, Arbeitsort, Büro, Lieu, Lieu de travail, "
    "Bureau",
    "started_on": "First day, Start, Started, Started on, Starts on, Joined, Date joined, "
    "Joining date, Hire date, Hired, Date of hire, Entry date, Eintritt, Eintrittsdatum, "
    "Startdatum, Date de début, Entrée, Date d'entrée, Date d'embauche, Embauche, Arrivée, "
    "Date d'arrivée",
    "left_on": "Leaves on, Left on, Leaving, Last day, End date, Exit date, Austritt, "
    "Austrittsdatum, Sortie, Date de sortie, Départ, Date de départ",
    "groups": "Group, Gruppen, Gruppe, Groupes, Groupe",
    "is_staff": "Sign in, Signs in, Login, Log in, Can log in, Anmeldung, Kann sich anmelden, "
    "Darf sich anmelden, Connexion, Peut se connecter",
    "is_active": "Is active, Aktiv, Actif",
}
KEYS = ("staff_number", "email")  # what somebody is recognised by, in this order
NOBODY = dict.fromkeys(COLUMNS, "") | {"is_staff": "no", "is_active": "yes"}


def _key(header: str) -> str:
    """Return the letters and digits of `header`, small and without accents."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", header)).casefold()


HEADERS = {
    _key(header): name
    for name, label in COLUMNS.items()
    for header in [label, *ALSO[name].split(",")]
}


def example(department: str) -> list[list[str]]:
    """Return the rows of a file to start from: the header, and two people of a department."""
    return [
        list(COLUMNS.values()),
        ["1001", "ada.example@example.com", "Ada", "Example", "Team lead", department, "",
         "020 7946 0001", "Main office", "2024-03-01", "", "User", "yes", "yes"],
        ["1002", "ben.sample@example.com", "Ben", "Sample", "Clerk", department,
         "ada.example@example.com", "", "", "2025-09-15", "", "User", "no", "yes"],
    ]  # fmt: skip


def texts(user: User) -> dict[str, str]:
    """Return what each column says about `user`."""
    profile = getattr(user, "profile", None)
    department, manager = (profile.department, profile.manager) if profile else (None, None)
    return {
        "staff_number": (profile and profile.staff_number) or "",
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "job_title": profile.job_title if profile else "",
        "department": department.name if department else "",
        "manager": manager.email if manager else "",
        "phone": profile.phone if profile else "",
        "location": profile.location if profile else "",
        "started_on": _day(profile and profile.started_on),
        "left_on": _day(profile and profile.left_on),
        "groups": join(group.name for group in user.groups.all()),
        "is_staff": yes_no(user.is_staff),
        "is_active": yes_no(user.is_active),
    }


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def yes_no(value: bool) -> str:
    return "yes" if value else "no"


def join(names: Iterable[str]) -> str:
    """Return names in one cell, separated by commas; a name that holds one is quoted."""
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow(sorted(names))
    return cell.getvalue()


def split(cell: str) -> list[str]:
    """Return the names in a cell that `join` or a person wrote."""
    rows = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    return [name.strip() for row in rows for name in row if name.strip()]


def is_column(header: str) -> bool:
    """Return whether people call one of the columns so."""
    return _key(header) in HEADERS


def check(table: Table) -> Table:
    """Return `table` with its columns called as COLUMNS does.

    Raises UnreadableTable for columns that are unknown, forbidden or doubled, and for an e-mail
    address or staff number that two rows claim.
    """
    labels = _labels(table.headers)
    _check_headers(table.headers, labels)
    table.headers = labels
    for name in KEYS:
        if COLUMNS[name] in labels:
            _check_unique(table, COLUMNS[name])
    return table


def _labels(headers: list[str]) -> list[str | None]:
    """Return the label of each header; a "Name" beside a first name is the last name."""
    names = [HEADERS.get(_key(header)) for header in headers]
    if "first_name" in names and "last_name" not in names:
        names = [
            name or ("last_name" if _key(header) == "name" else None)
            for name, header in zip(names, headers, strict=True)
        ]
    return [COLUMNS.get(name) for name in names]


def _check_headers(headers: list[str], labels: list[str | None]) -> None:
    possible = ", ".join(COLUMNS.values())
    unknown = {h for h, label in zip(headers, labels, strict=True) if not label}
    meant = "".join(map(_did_you_mean, sorted(unknown)))
    if not any(labels):
        raise UnreadableTable(f"This file has no header: one row must name {possible}.{meant}")
    if unknown:
        what = "The column" if len(unknown) == 1 else "The columns"
        raise UnreadableTable(
            f"{what} {_quoted(unknown)} cannot be imported.{meant} Possible are {possible}."
        )
    for label in filter(lambda label: labels.count(label) > 1, labels):
        same = [h for h, other in zip(headers, labels, strict=True) if other == label]
        raise UnreadableTable(f"There are two columns {_quoted(same)}: both mean “{label}”.")
    if not {COLUMNS[name] for name in KEYS} & set(labels):
        raise UnreadableTable("A column “E-mail” or “Staff number” is needed.")


def _did_you_mean(header: str) -> str:
    near = get_close_matches(_key(header), HEADERS, n=1)
    return f" “{header[:50]}”: did you mean “{COLUMNS[HEADERS[near[0]]]}”?" if near else ""


def _quoted(headers: Iterable[str]) -> str:
    return ", ".join(f"“{header[:50]}”" for header in sorted(headers)[:20])


def _check_unique(table: Table, label: str) -> None:
    seen = {}
    for line, cell in zip(table.lines, table[label], strict=True):
        claim = key(cell) if label == COLUMNS["email"] else cell
        first = seen.setdefault(claim, line)
        if cell and first != line:
            raise UnreadableTable(
                f"Lines {first} and {line} have the same {label.lower()}: {cell[:100]}."
            )
