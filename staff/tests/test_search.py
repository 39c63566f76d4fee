# ruff: noqa: RUF001
"""Every search box finds a person however the name and the term are written."""

from unicodedata import normalize
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import make_document, make_post
from intranet.outbox.models import Mail, Notice
from staff import leaving
from staff.admin.users import UserAdmin
from staff.models import SignIn, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

PEOPLE, DIRECTORY = "/admin/staff/user/", "/admin/staff/profile/"
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


def listed(client, page, term):
    """Return what the list `page` shows for `term`, as text."""
    return shown(client.get(reverse(f"admin:{page}_changelist"), {"q": term}))


def suggested(client, term, model="document", field="owner", app="documents"):
    query = {"app_label": app, "model_name": model, "field_name": field, "term": term}
    response = client.get(reverse("admin:autocomplete"), query)
    return [hit["text"] for hit in response.json()["results"]]


def shown(response):
    return [str(row) for row in response.context_data["cl"].result_list]


def in_palette(client, term):
    return client.get(reverse("admin:search"), {"extended": 1, "s": term}).content.decode()


def quoted(term):
    return quote(term.encode(errors="surrogatepass"))


@pytest.mark.slow
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
        assert listed(client, "staff_signin", "JORG") == ["jörg: failed"]
        assert listed(client, "staff_signin", "192.0.2") == ["jörg: failed"]
        assert listed(client, "intranet_mail", "uber") == ["Über alles to a@example.com"]
        assert listed(client, "intranet_notice", "lukasz") == ["Łukasz left"]

    def test_of_a_department_are_suggested(self, client, root):
        make_department("Büro")

        assert suggested(client, "buro", "profile", "department", "staff") == ["Büro"]


@pytest.mark.slow
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
        assert "Nothing found" in in_palette(client, "\u0301\u0301\u200b")


class TestASearchThatHidesLeavers:
    @pytest.fixture
    def gone(self):
        """Éva Lark and Éva Brown, who left."""
        gone = [make_user(name, first_name="Éva", last_name=name) for name in ("Lark", "Brown")]
        for person in gone:
            leaving.plan(person, timezone.localdate())
        return gone

    @pytest.mark.parametrize("page", [PEOPLE, DIRECTORY])
    def test_says_that_one_who_left_matches_and_leads_there(self, client, root, gone, page):
        response = client.get(page, {"q": "eva lark"})

        assert "1 person who left matches, <a" in response.content.decode()
        assert shown(response) == []
        there = client.get(page + response.context_data["who_left"]["url"])
        assert shown(there) == ["Éva Lark"]
        assert "who_left" not in there.context_data

    def test_counts_several_also_beside_those_who_are_here(self, client, root, gone):
        make_user("here", first_name="Eva", last_name="Here")

        response = client.get(PEOPLE, {"q": "ÉVA"})

        assert shown(response) == ["Eva Here"]
        assert "2 people who left match, <a" in response.content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"q": ""},
            {"q": "nobody"},
            {"q": "eva", "presence": "left"},
            {"q": "eva", "presence": "everybody"},
            {"q": "eva", "is_active__exact": "1"},
        ],
    )
    def test_says_nothing_when_there_is_nobody_to_lead_to(self, client, root, gone, query):
        assert "who left match" not in client.get(PEOPLE, query).content.decode()

    def test_keeps_the_other_filters(self, client, root, gone):
        sales = make_department("Sales")
        gone[0].profile.department = sales
        gone[0].profile.save()
        query = {"q": "eva", "profile__department__id__exact": sales.pk}

        response = client.get(PEOPLE, query)

        assert "1 person who left matches, <a" in response.content.decode()
        there = client.get(PEOPLE + response.context_data["who_left"]["url"])
        assert shown(there) == ["Éva Lark"]

    def test_so_does_a_filter_alone(self, client, root, gone):
        sales = make_department("Sales")
        gone[0].profile.department = sales
        gone[0].profile.save()

        response = client.get(PEOPLE, {"profile__department__id__exact": sales.pk})

        assert "1 person who left matches, <a" in response.content.decode()

    def test_looks_for_nobody_where_attention_is_about_those_here(
        self, client, root, gone, monkeypatch
    ):
        looks, look = [], UserAdmin.get_changelist_instance
        monkeypatch.setattr(
            UserAdmin, "get_changelist_instance", lambda *args: looks.append(args) or look(*args)
        )

        client.get(PEOPLE, {"attention": "no_manager"})

        assert len(looks) == 1

    def test_is_found_who_left_and_is_active_again(self, client, root, gone):
        User.objects.filter(pk=gone[0].pk).update(is_active=True)

        page = client.get(PEOPLE, {"attention": "overdue_leavers"})

        assert shown(page) == []
        assert "1 person who left matches, <a" in page.content.decode()

    def test_counts_from_the_first_page(self, client, root, gone, monkeypatch):
        monkeypatch.setattr(UserAdmin, "list_per_page", 1)
        for number in range(3):
            make_user(f"eva{number}")

        response = client.get(PEOPLE, {"q": "eva", "p": "3"})

        assert "2 people who left match, <a" in response.content.decode()
        assert "p=" not in response.context_data["who_left"]["url"]

    def test_tells_ordinary_staff_nothing(self, client, gone):
        client.force_login(make_user())

        response = client.get(DIRECTORY, {"q": "eva"})

        assert shown(response) == []
        assert "who left" not in response.content.decode()

    def test_shows_the_term_as_text(self, client, root, gone):
        gone[0].last_name = '"><b>'
        gone[0].save()

        response = client.get(PEOPLE, {"q": "<b>"})

        assert "1 person who left matches, <a" in response.content.decode()
        assert '"><b>' not in response.content.decode()

    def test_asks_as_much_for_many_as_for_few(self, client, root, gone):
        def asked():
            with CaptureQueriesContext(connection) as queries:
                client.get(PEOPLE, {"q": "eva"})
            return len(queries)

        asked()
        few = asked()
        for number in range(5):
            leaving.plan(make_user(f"eva{number}"), timezone.localdate())

        assert asked() == few
