import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.tests.factories import make_document, make_post
from intranet.trace.action import begin
from intranet.trace.models import Change
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

from .pages import opened

pytestmark = pytest.mark.django_db


def page(row, name="history"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def lines(client, row):
    """Return the cells "by" and "what" of a row's history, as text."""
    table = client.get(page(row)).context["table"]["rows"]
    return [(by, text(what)) for _, by, _, what in table]


def text(html):
    from intranet.outbox.plaintext import plain_text

    return [line for line in plain_text(html).splitlines() if line]


@pytest.fixture
def hr(client):
    hr = make_user("hazel", roles=["HR"])
    client.force_login(hr)
    return hr


@pytest.fixture
def ann():
    return make_user("ann", first_name="Ann")


class TestRow:
    def test_says_who_changed_what_from_what_newest_first(self, client, hr, ann):
        for name in ("Anna", "Anne"):
            client.post(page(ann, "change"), opened(client, page(ann, "change"), first_name=name))

        newest, before, *_ = lines(client, ann)

        assert newest == ("hazel", ["First name: Anna → Anne"])
        assert before == ("hazel", ["First name: Ann → Anna"])

    def test_has_what_happened_to_its_parts(self, client, hr, ann):
        ann.profile.department = make_department("Lab", groups=["Club"])
        with begin(hr):
            ann.profile.save()

        _, said = lines(client, ann)[0]

        assert "Department: nothing → Lab" in said
        assert said[said.index("Groups: Club added") + 1].startswith("Swaps the groups")

    def test_begins_with_its_creation(self, client, hr, ann):
        *_, (_, said) = lines(client, ann)

        assert {"Person created", "First name: Ann", "Directory entry created"} <= {*said}

    def test_keeps_the_name_of_who_went(self, client, hr, ann):
        ed = make_user("ed")
        with begin(ed):
            ann.last_name = "Berg"
            ann.save()
        ed.delete()

        assert lines(client, ann)[0] == ("ed", ["Last name: nothing → Berg"])

    def test_leads_to_the_action(self, client, hr, ann):
        (when, *_), *_ = client.get(page(ann)).context["table"]["rows"]

        assert page(Change.objects.filter(object_name="Ann").last().action, "change") in when

    def test_is_paged(self, client, hr, ann):
        for number in range(60):
            ann.last_name = str(number)
            ann.save()

        first, second = (client.get(page(ann), {"p": number}) for number in (1, 2))

        assert len(first.context["table"]["rows"]) == 50
        assert "Page 1 of 2" in first.content.decode()
        assert "First name: Ann" in str(second.context["table"]["rows"][-1])

    def test_number_of_queries_does_not_grow(self, client, hr, ann):
        def queries():
            with CaptureQueriesContext(connection) as found:
                client.get(page(ann))
            return len(found)

        before = queries()
        for number in range(5):
            ann.last_name = str(number)
            ann.save()

        assert queries() == before

    def test_says_that_there_is_none(self, client):
        client.force_login(make_superuser())
        club = Group.objects.create(name="Club")
        Change.objects.all().delete()

        assert "Nothing was changed here" in client.get(page(club)).content.decode()

    def test_that_does_not_exist_leads_away(self, client, hr):
        assert client.get("/admin/staff/user/0/history/").status_code == 302


class TestRights:
    def test_of_a_person_is_for_those_who_see_the_person(self, client, ann):
        for roles, status in (([], 403), (["Editors"], 403), (["HR"], 200)):
            client.force_login(make_user(roles=roles))
            assert client.get(page(ann)).status_code == status

    def test_of_a_profile_is_that_of_the_person(self, client, hr, ann):
        assert client.get(page(ann.profile)).url == page(ann)

    def test_of_a_profile_is_not_for_the_directory(self, client, ann):
        client.force_login(make_user())

        response = client.get(page(ann.profile, "change"))

        assert client.get(page(ann.profile)).status_code == 403
        assert page(ann.profile) not in response.content.decode()

    def test_of_a_post_is_for_its_readers(self, client):
        post = make_post()
        client.force_login(make_user())

        assert page(post) in client.get(page(post, "change")).content.decode()
        assert client.get(page(post)).status_code == 200

    def test_of_a_hidden_post_is_not_for_readers(self, client):
        post = make_post(starts=1)
        client.force_login(make_user())

        assert client.get(page(post)).status_code == 302

    def test_of_what_has_none_is_not_offered(self, client, hr):
        from intranet.outbox.models import Mail

        mail = Mail.objects.first()

        assert page(mail) not in client.get(page(mail, "change")).content.decode()
        assert client.get(page(mail)).status_code == 403

    def test_of_a_person_has_no_profile_for_those_without_the_right_to_it(self, client, ann):
        viewer = make_user()
        viewer.groups.clear()
        viewer.user_permissions.add(Permission.objects.get(codename="view_user"))
        ann.profile.staff_number = "A7"
        ann.profile.save()
        client.force_login(viewer)

        assert "Staff number" not in client.get(page(ann)).content.decode()


class TestLog:
    def test_is_written_no_more(self, client, hr, ann):
        client.post(page(ann, "change"), opened(client, page(ann, "change"), first_name="Anna"))
        client.post(reverse("admin:staff_department_add"), {"name": "Lab"})
        client.post(page(make_document(ann), "delete"), {"post": "yes"})

        assert User.objects.filter(first_name="Anna").exists()
        assert not LogEntry.objects.exists()
