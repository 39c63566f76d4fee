"""Required papers: of whom they are required, and who lacks which."""

from datetime import timedelta

import pytest
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents.admin.people import LacksFilter
from documents.models import Document, Requirement
from documents.requirements import lacking, missing
from documents.tests.factories import make_document, require
from documents.tests.test_versions import renewed
from intranet.tests.pages import confirmed
from intranet.trace.models import Action
from staff import leaving
from staff.models import Profile, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/staff/user/"
LIST = "/admin/documents/requirement/"
ACTIONS = "/admin/intranet/action/"


@pytest.fixture
def gardens():
    return make_department("Gardens")


def employ(name, department, job_title):
    user = make_user(name.lower(), first_name=name, department=department)
    Profile.objects.filter(user=user).update(job_title=job_title)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def ada(gardens):
    return employ("Ada", gardens, "Head  of Köche")


def lacks(user) -> list[str]:
    """Return what somebody lacks; the pages of one and the list of many have to agree."""
    user = User.objects.get(pk=user.pk)
    found = missing([user])[user.pk]
    labels = dict(Document.Kind.choices)
    by_kind = [str(labels[it]) for it in labels if user in lacking(User.objects.all(), it)]
    assert found == by_kind
    assert (user in lacking(User.objects.all())) == bool(found)
    return found


class TestOfWhom:
    def test_nobody_lacks_what_is_not_required(self, ada):
        assert lacks(ada) == []

    @pytest.mark.parametrize(
        "job_title",
        [
            "",
            "head of köche",
            " HEAD OF  KÖCHE ",
            "Head\tof\r\nKöche",
            "Head\u2003of\u00a0Köche",
            "Head of Ko\u0308che",
            " \t\u00a0",
            "\u200b",
        ],
    )
    @pytest.mark.parametrize("of_department", [True, False])
    def test_department_and_job_have_to_fit(self, ada, gardens, job_title, of_department):
        require("contract", gardens if of_department else None, job_title)

        assert lacks(ada) == ["Contract"]

    def test_another_department_or_job_does_not_fit(self, ada, gardens):
        require("contract", make_department("Finance"))
        require("cv", gardens, "Gardener")
        require("identity", make_department("Research"), "Head of Köche")

        assert lacks(ada) == []

    def test_what_is_required_twice_is_named_once(self, ada, gardens):
        require("cv")
        require("cv", gardens)
        require("identity")

        assert lacks(ada) == ["CV", "Identity paper"]

    def test_who_has_no_profile_lacks_what_all_must_have(self, ada, gardens):
        require("cv")
        require("contract", gardens)
        Profile.objects.all()._raw_delete("default")

        assert lacks(ada) == ["CV"]

    def test_who_left_lacks_nothing(self, ada):
        require("cv")
        Profile.objects.update(departed_at=timezone.now())

        assert lacks(ada) == []


class TestFulfilled:
    @pytest.fixture(autouse=True)
    def required(self):
        require("certificate")

    @pytest.mark.parametrize(
        ("days", "still"), [(None, []), (0, []), (30, []), (-1, ["Certificate"])]
    )
    def test_until_it_has_run_out(self, ada, days, still):
        end = days is not None and timezone.localdate() + timedelta(days=days)
        make_document(ada, kind="certificate", expires_on=end or None)

        assert lacks(ada) == still

    def test_by_another_kind_or_anothers_paper_it_is_not(self, ada):
        make_document(ada, kind="cv")
        make_document(make_user(), kind="certificate")

        assert lacks(ada) == ["Certificate"]

    def test_a_former_version_does_not_count(self, ada):
        old = make_document(ada, kind="certificate")
        renewed(old, expires_on=timezone.localdate() - timedelta(days=1))

        assert lacks(ada) == ["Certificate"]


class TestTable:
    def add(self, client, **fields):
        return confirmed(client, f"{LIST}add/", {"kind": "cv", "department": "", **fields})

    def test_hr_writes_it(self, hr, gardens):
        self.add(hr, department=gardens.pk, job_title=" Head   of Sales ")

        required = Requirement.objects.get()
        assert (required.department, required.job_title) == (gardens, "Head of Sales")
        assert str(required) == "CV, required of Head of Sales in Gardens"
        assert hr.get(LIST).status_code == 200

    @pytest.mark.parametrize("of_all", [True, False])
    @pytest.mark.parametrize(("first", "second"), [("", ""), ("Köchin", " kÖCHIN")])
    def test_nothing_is_required_twice(self, hr, gardens, of_all, first, second):
        require("cv", None if of_all else gardens, first)

        department = "" if of_all else gardens.pk
        page = self.add(hr, department=department, job_title=second)

        assert page.content.decode().count("required of them already") == 1
        assert Requirement.objects.count() == 1

    @pytest.mark.parametrize("of_all", [True, False])
    def test_not_by_a_script_either(self, gardens, of_all):
        require("cv", None if of_all else gardens, "Gardener")

        with pytest.raises(IntegrityError), transaction.atomic():
            require("cv", None if of_all else gardens, "gardener")

    def test_what_a_script_left_blank_is_of_every_job(self):
        assert str(require("cv", None, " \u200b")) == "CV, required of everybody"

    def test_a_change_of_itself_is_no_second_one(self, gardens):
        required = require("cv", gardens, "gardener")
        required.job_title = "Gardener"

        required.full_clean()

    def test_each_reads_the_history_in_their_own_language(self, client, gardens):
        client.force_login(make_superuser(language="de"))
        self.add(client, kind="identity", department=gardens.pk, job_title="Gardener")
        confirmed(client, f"{LIST}{Requirement.objects.get().pk}/delete/", {})
        client.force_login(make_user("hr", roles=["HR"], language="en"))
        actions = Action.objects.filter(changes__object_name__contains="Gardener")

        history = client.get(ACTIONS).content.decode()
        pages = [client.get(f"{ACTIONS}{it.pk}/change/").content.decode() for it in actions]

        name = "Identity paper, required of Gardener in Gardens"
        assert f"Required paper “{name}” created" in history
        assert f"Required paper “{name}” deleted" in history
        assert [page.count(name) >= 2 for page in pages] == [True, True]

    def test_an_unknown_kind_is_refused(self):
        with pytest.raises(ValidationError):
            Requirement(kind="diploma").full_clean()

    @pytest.mark.parametrize("roles", [[], ["Editors"]])
    def test_others_do_not_see_it(self, client, roles):
        client.force_login(make_user(roles=roles))

        assert client.get(LIST).status_code == 403

    def test_it_goes_with_its_department_and_the_page_says_so(self, hr, gardens):
        require("cv", gardens)
        url = reverse("admin:staff_department_delete", args=[gardens.pk])

        lines = hr.get(url).context["plan"].lines
        confirmed(hr, url, {"post": "yes"})

        assert any("CV, required of Gardens" in it for it in lines)
        assert not Requirement.objects.exists()

    def test_a_site_from_before_gets_the_rights_by_migrate(self):
        hr = Group.objects.get(name="HR")
        hr.permissions.remove(*Permission.objects.filter(content_type__model="requirement"))

        call_command("migrate", verbosity=0)

        assert hr.permissions.filter(content_type__model="requirement").count() == 4


class TestPeople:
    def test_the_list_names_what_is_missing(self, hr, ada):
        require("cv")
        require("contract")

        html = hr.get(PEOPLE).content.decode()

        assert "CV, Contract" in html

    def test_more_people_need_no_more_queries(self, hr, ada, gardens):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                hr.get(PEOPLE)
            return len(captured)

        require("cv")
        queries()
        before = queries()
        for number in range(3):
            make_document(employ(f"Cook {number}", gardens, "Cook"), kind="contract")
        require("contract", gardens, "cook")

        assert queries() == before

    @pytest.mark.parametrize(
        ("query", "found"),
        [("any", {"Ada", "Bob"}), ("cv", {"Bob"}), ("contract", {"Ada"}), ("x", {"Ada", "Bob"})],
    )
    def test_the_filter_finds_who_lacks_it(self, hr, ada, gardens, query, found):
        bob = make_user("bob", first_name="Bob")
        for user, kind in ((bob, "contract"), (ada, "cv")):
            make_document(user, kind=kind)
        require("cv")
        require("contract", gardens)
        make_document(User.objects.get(username="hr"))

        people = hr.get(PEOPLE, {"lacks": query}).context["cl"].queryset

        assert found <= {it.first_name for it in people}
        if query != "x":
            assert found == {it.first_name for it in people}

    def test_the_page_of_a_person_says_it(self, hr, ada):
        require("cv")

        html = hr.get(reverse("admin:staff_user_change", args=[ada.pk])).content.decode()

        assert "Lacks required papers: CV." in html

    def test_who_may_not_see_papers_learns_nothing(self, client, ada):
        require("cv")
        reader = make_user()
        codes = ["view_user", "view_profile"]
        reader.user_permissions.set(Permission.objects.filter(codename__in=codes))
        client.force_login(reader)

        page = client.get(PEOPLE, {"lacks": "any"})
        person = client.get(reverse("admin:staff_user_change", args=[ada.pk]))

        assert ada in page.context["cl"].queryset and reader in page.context["cl"].queryset
        assert "Lacks required" not in person.content.decode()
        assert not {LacksFilter} & {type(it) for it in page.context["cl"].filter_specs}
        assert "Lacks" not in {str(it["text"]) for it in result_headers(page.context["cl"])}

    def test_the_first_page_counts_them(self, client, ada):
        require("cv")
        root = make_superuser()
        client.force_login(root)
        make_document(root)

        found = {it["item"].key: it for it in client.get("/admin/").context["attention"]}

        for key in ("required_papers", "no_cv"):
            assert found[key]["count"] == 1
            assert list(client.get(found[key]["url"]).context["cl"].queryset) == [ada]

    def test_no_cv_has_who_is_here_and_has_no_current_one(self, client, ada):
        client.force_login(root := make_superuser())
        off, gone = make_user("off", is_active=False), make_user("gone")
        leaving.plan(gone, timezone.localdate())
        User.objects.filter(pk=gone.pk).update(is_active=True)
        make_document(root)
        make_document(ada, kind=Document.Kind.CONTRACT)
        former = make_document(make_user("former"))
        Document.objects.filter(pk=former.pk).update(replaced_by=make_document(root))

        page = client.get(PEOPLE, {"attention": "no_cv"})

        assert {*page.context["cl"].queryset} == {ada, former.owner}
        everybody = client.get(PEOPLE, {"attention": "no_cv", "presence": "everybody"})
        assert not {off, gone} & {*everybody.context["cl"].queryset}
