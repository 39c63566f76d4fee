"""What a page shows of a plan, with a script and without."""

from unittest.mock import Mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.urls import reverse

from documents.tests.factories import make_post, pdf_bytes
from intranet.admin.base import SiteAdmin
from intranet.tests.pages import opened
from intranet.trace.plan import Plan
from intranet.trace.telling import named, shortened
from intranet.vetoes import Veto
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

SCRIPT = {"headers": {"X-Rehearse": "1"}}
ASK = {"_ask": "yes"}
LOOK = "Nothing is saved yet."
CHOOSE = "Files have to be chosen again."


@pytest.fixture
def ada(client):
    client.force_login(make_superuser())
    return make_user("ada", first_name="Ada", is_staff=False)


@pytest.fixture
def url(ada):
    return f"/admin/staff/user/{ada.pk}/change/"


def shown(response) -> str:
    return response.content.decode()


class TestForm:
    def test_comes_back_as_typed_below_what_it_does(self, client, ada, url):
        page = shown(client.post(url, opened(client, url, first_name="Adah") | ASK))

        assert page.index(LOOK) < page.index("First name: Ada → Adah") < page.index('value="Adah"')
        assert "Confirm and save" in page
        assert CHOOSE not in page
        assert "errornote" not in page
        assert User.objects.get(pk=ada.pk).first_name == "Ada"

    def test_comes_back_where_rights_change_though_an_empty_refusal_is_sent(self, client, ada, url):
        form = opened(client, url, is_staff="on", _refused="")

        page = client.post(url, form)

        assert "Confirm and save" in shown(page)
        assert not User.objects.get(pk=ada.pk).is_staff

    def test_says_that_files_have_to_be_chosen_again(self, client, url):
        file = SimpleUploadedFile("cv.pdf", pdf_bytes())

        page = client.post(url, opened(client, url) | ASK | {"documents-0-file": file})

        assert CHOOSE in shown(page)

    def test_comes_back_with_its_errors(self, client, url):
        page = shown(client.post(url, opened(client, url, email="ada") | ASK))

        assert "errornote" in page
        assert "Confirm and save" not in page

    def test_cannot_be_saved_when_it_is_refused(self, client, url, monkeypatch):
        monkeypatch.setattr(SiteAdmin, "save_related", Mock(side_effect=Veto("Not today.")))

        page = shown(client.post(url, opened(client, url) | ASK))

        assert "Not today." in page and "Nothing else changes." not in page
        assert "Confirm and save" not in page


class TestScript:
    def test_gets_the_plan_alone(self, client, url):
        part = shown(client.post(url, opened(client, url, first_name="Adah") | ASK, **SCRIPT))

        assert part.strip().startswith("<div") and "<form" not in part
        assert "data-confirm" not in part

    def test_hears_that_it_is_to_be_confirmed(self, client, url):
        lab = make_department("Lab", groups=["HR"])
        data = opened(client, url, **{"profile-0-department": lab.pk}) | ASK

        part = shown(client.post(url, data, **SCRIPT))

        assert "data-confirm" in part and "data-refused" not in part
        assert "Please confirm: it changes rights." in part

    def test_gets_none_of_a_form_with_errors(self, client, url):
        data = opened(client, url, email="ada") | ASK

        assert client.post(url, data, **SCRIPT).status_code == 204

    def test_gets_what_other_answers_would_do(self, client, ada):
        url = f"/admin/staff/user/{ada.pk}/leave_person/"
        asked = {"post": "yes", **ASK, "_said": client.get(url).context["plan"].token()}

        part = shown(client.post(url, asked | {"left_on": "2027-01-31"}, **SCRIPT))
        none = client.post(url, asked | {"left_on": "2020-01-31"}, **SCRIPT)

        assert "31 Jan 2027" in part and "<form" not in part
        assert none.status_code == 204
        ada.profile.refresh_from_db()
        assert ada.profile.left_on is None


class TestLongPlan:
    def test_stays_short(self):
        names = [f"Maximilian Oberhuber {number}" for number in range(5000)]
        lines = [named(f"{it} people, Department: Lab {it} → Gardens", names) for it in range(1000)]
        few, many = shortened("Deleted", lines[:5]), shortened("Changed", lines)

        page = render_to_string("intranet/plan.html", {"plan": Plan([few, *[many] * 4])})

        assert "Oberhuber 19, and 4,980 more" in page
        assert "and 980 more" in page
        assert len(page) < 25_000  # the rest takes 35,000


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (make_department, "What is deleted cannot be brought back."),
        (make_post, "What is deleted can be restored from the history, once."),
    ],
)
def test_deleting_says_whether_there_is_a_way_back(client, make, says):
    row = make()
    client.force_login(make_superuser())
    opts = row._meta
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_delete", args=[row.pk])

    assert says in client.get(page).content.decode()
