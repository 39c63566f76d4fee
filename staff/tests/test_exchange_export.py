"""The page by which people are exported, and the example of a file."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from intranet.tables import read_csv, read_xlsx
from staff.exchange import COLUMNS, is_column
from staff.models import Profile

from .exchange_pages import EXAMPLE, EXPORT, text, upload
from .factories import make_department, make_user

pytestmark = pytest.mark.django_db


def export(client, **fields):
    names = ["staff_number", "email", "first_name", "last_name", "job_title", "department"]
    names += ["manager", "phone", "location", "started_on", "left_on", "groups"]
    names += ["is_staff", "is_active"]
    columns = dict.fromkeys((f"peopleresource_{name}" for name in names), "on")
    return whole(client.post(EXPORT, {"resource": "0", "format": "0", **columns, **fields}))


def whole(answer):
    answer.data = b"".join(answer) if answer.streaming else answer.content
    return answer


class TestExample:
    def test_holds_a_header_and_two_people(self, client, hr):
        data = client.get(EXAMPLE).content

        assert len(read_csv(data)) == 2

    def test_passes_the_preview(self, client, hr):
        page = upload(client, client.get(EXAMPLE).content)

        assert "2 new, 0 changed, 0 without a change, 0 wrong" in text(page)


class TestExport:
    @pytest.mark.parametrize(("number", "read"), [("0", read_csv), ("1", read_xlsx)])
    def test_comes_back_unchanged(self, client, hr, number, read):
        make_user("ada", first_name="=Ada", last_name="Ünï", department=make_department("Sales"))
        data = export(client, format=number).data

        page = upload(client, data, "people")

        assert len(read(data)) == 2
        assert "0 new, 0 changed, 2 without a change, 0 wrong" in text(page)

    @pytest.mark.parametrize(("number", "kind"), [("0", "csv"), ("1", "xlsx")])
    def test_is_called_by_the_day_of_the_site(
        self, client, hr, number, kind, settings, monkeypatch
    ):
        settings.TIME_ZONE = "Pacific/Auckland"
        evening = datetime.datetime(2026, 11, 24, 22, 30, tzinfo=datetime.UTC)
        monkeypatch.setattr("django.utils.timezone.now", lambda: evening)

        answer = export(client, format=number)

        assert answer["Content-Disposition"] == f'attachment; filename="people-2026-11-25.{kind}"'

    def test_csv_has_a_bom(self, client, hr):
        assert export(client, format="0").data.startswith("\ufeffStaff number".encode())

    def test_excel_is_the_default(self, client, hr):
        page = client.get(EXPORT)

        assert page.context["form"]["format"].initial == "1"
        assert '<option value="1" selected>' in page.content.decode()

    def test_shows_where_people_are_reached_and_when_they_leave(self, client, hr):
        Profile.objects.filter(user=hr).update(
            phone="030 1", location="Berlin", left_on="2026-12-31"
        )

        table = read_xlsx(export(client, format="1").data)

        cells = (table[column] for column in ("Phone", "Location", "Leaving date"))
        assert list(cells) == [["030 1"], ["Berlin"], ["2026-12-31"]]

    def test_holds_the_chosen_columns_only(self, client, hr):
        answer = client.post(EXPORT, {"resource": "0", "format": "0", "peopleresource_email": "on"})

        assert read_csv(whole(answer).data).headers == ["E-mail"]

    def test_follows_the_filters_of_the_list(self, client, hr):
        make_user("ada", is_active=False)

        answer = client.post(
            f"{EXPORT}?is_active__exact=0",
            {"resource": "0", "format": "0", "peopleresource_email": "on"},
        )

        assert read_csv(whole(answer).data)["E-mail"] == ["ada@example.com"]

    def test_asks_the_database_as_often_for_many_as_for_few(
        self, client, hr, django_assert_num_queries
    ):
        with CaptureQueriesContext(connection) as few:
            export(client)
        for _ in range(10):
            make_user(department=make_department())

        with django_assert_num_queries(len(few)):
            export(client)

    def test_says_whom_the_file_will_hold(self, client, hr):
        make_user("ada", is_active=False)

        page = text(client.get(f"{EXPORT}?is_active__exact=0"))

        assert "Export people 1 person will be in the file" in page
        assert "Download the file" in page

    def test_speaks_the_language_of_whoever_asks_and_is_read_again(self, client, hr, settings):
        make_user("ada", email="ada@example.com", last_name="Byron")
        with override("de"):
            header = [str(label) for label in COLUMNS.values()]

        answer = client.post(
            EXPORT,
            {"resource": "0", "format": "0", "peopleresource_email": "on"},
            HTTP_ACCEPT_LANGUAGE="de",
        )

        assert read_csv(whole(answer).data).headers == [header[1]]
        assert all(map(is_column, header))
