# ruff: noqa: RUF001
"""Every search box finds a person however the name and the term are written."""

from unicodedata import normalize
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from documents.tests.factories import make_document, make_post
from intranet.models import Mail, Notice
from staff.models import SignIn
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/staff/user/"
SEARCHED = [it for it in admin.site._registry.values() if it.search_fields]
NAMES = [
    ("Özgür", "özgür"),
    ("Özgür", "ÖZGÜR"),
    ("ÖZGÜR", "ozgur"),
    ("Éva", "eva"),
    ("Éva", "éva"),
    ("ÉVA", "Ev"),
    ("Иван", "иван"),
    ("иван", "ИВА"),
    ("Łukasz", "lukasz"),
    ("Işık", "ISIK"),
    ("isik", "ışık"),
    ("O’Brien", "o'brien"),
    ("Strauß", "STRAUSS"),
    ("محمد", "مُحَمَّد"),
    ("Νίκος", "ΝΙΚΟΣ"),
    ("Ｊｏｈｎ", "john"),
]
NASTY = [
    "a\0b",
    "\0",
    "%",
    "_",
    "\\",
    "'",
    '"',
    '"a',
    "( " * 490,
    "a " * 2000,
    "x" * 60_000,
    "\ud800a",
]


@pytest.fixture
def root(client):
    root = make_superuser()
    client.force_login(root)
    return root


def listed(client, page, term, **params):
    """Return what the list `page` shows for `term`, as text."""
    response = client.get(reverse(f"admin:{page}_changelist"), {"q": term, **params})
    return [str(row) for row in response.context_data["cl"].result_list]


def suggested(client, term, model="document", field="owner", app="documents"):
    query = {"app_label": app, "model_name": model, "field_name": field, "term": term}
    response = client.get(reverse("admin:autocomplete"), query)
    return [hit["text"] for hit in response.json()["results"]]


def in_palette(client, term):
    return client.get(reverse("admin:search"), {"extended": 1, "s": term}).content.decode()


def quoted(term):
    return quote(term.encode(errors="surrogatepass"))


class TestAPerson:
    @pytest.mark.parametrize(("stored", "typed"), [("NFC", "NFD"), ("NFD", "NFC")])
    @pytest.mark.parametrize(("name", "term"), NAMES)
    def test_is_found_in_every_box_however_written(self, client, root, name, term, stored, typed):
        name, term = normalize(stored, name), normalize(typed, term)
        person = make_user("nobody", first_name=name, last_name="Clerk")
        make_document(person, title="The paper")
        make_post("The post", author=person)

        assert listed(client, "staff_user", term) == [str(person)]
        assert listed(client, "staff_profile", term) == [str(person)]
        assert listed(client, "documents_document", term) == ["The paper"]
        assert listed(client, "documents_post", term) == ["The post"]
        assert suggested(client, term) == [str(person)]
        assert reverse("admin:staff_user_change", args=[person.pk]) in in_palette(client, term)

    def test_is_not_found_by_another_name(self, client, root):
        make_user("nobody", first_name="Éva")

        assert listed(client, "staff_user", "ava") == []

    def test_is_found_by_several_words_in_any_order_and_by_a_phrase(self, client, root):
        eva = make_user("nobody", first_name="Éva", last_name="de la Peña")

        for term in ["pena eva", '"DE LA PENA"', "'éva'"]:
            assert listed(client, "staff_user", term) == [str(eva)]
        assert listed(client, "staff_user", '"pena eva"') == []

    def test_is_found_by_job_and_telephone(self, client, root):
        eva = make_user("nobody", first_name="Éva")
        eva.profile.job_title, eva.profile.phone = "Attachée", "+36 1"
        eva.profile.save()

        assert listed(client, "staff_user", "ATTACHEE") == [str(eva)]
        assert listed(client, "staff_profile", "attachee") == [str(eva)]
        assert listed(client, "staff_profile", "+36") == [str(eva)]


class TestOtherRows:
    def test_of_every_kind_are_found(self, client, root):
        make_department("Büro")
        Group.objects.create(name="Réviseurs")
        make_document(make_user(), title="ZEUGNIS für Ämter")
        make_post("Déjà vu")
        SignIn.objects.create(username="jörg", kind=SignIn.Kind.FAILED, address="192.0.2.7")
        Mail.objects.create(to="a@example.com", subject="Über alles", message=b"")
        Notice.objects.create(recipient=root, message="Łukasz left")

        assert listed(client, "staff_department", "BURO") == ["Büro"]
        assert listed(client, "auth_group", "reviseurs") == ["Réviseurs"]
        assert listed(client, "documents_document", "amter") == ["ZEUGNIS für Ämter"]
        assert listed(client, "documents_post", "deja") == ["Déjà vu"]
        assert listed(client, "staff_signin", "JORG") == ["jörg failed"]
        assert listed(client, "staff_signin", "192.0.2") == ["jörg failed"]
        assert listed(client, "intranet_mail", "uber") == ["Über alles to a@example.com"]
        assert listed(client, "intranet_notice", "lukasz") == ["Łukasz left"]

    def test_of_a_department_are_suggested(self, client, root):
        make_department("Büro")

        assert suggested(client, "buro", "profile", "department", "staff") == ["Büro"]


class TestATermThatNobodyTypes:
    @pytest.mark.parametrize("model_admin", SEARCHED, ids=lambda it: it.opts.model_name)
    def test_is_no_error_on_a_list(self, client, root, model_admin):
        url = reverse(
            f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist"
        )

        for term in NASTY:
            assert client.get(f"{url}?q={quoted(term)}").status_code == 200

    def test_is_no_error_in_the_palette_and_in_suggestions(self, client, root):
        field = "app_label=documents&model_name=document&field_name=owner"

        for term in NASTY:
            for page in (
                f"search/?extended=1&s={quoted(term)}",
                f"autocomplete/?{field}&term={quoted(term)}",
            ):
                assert client.get(f"/admin/{page}").status_code == 200

    @pytest.mark.parametrize("term", ["%", "_", "r_ot", "r%t", "\\"])
    def test_is_taken_literally(self, client, root, term):
        assert listed(client, "staff_user", term) == []
        assert suggested(client, term) == []

    def test_of_nothing_but_accents_finds_nobody_in_the_palette(self, client, root):
        assert "No results" in in_palette(client, "\u0301\u0301\u200b")
