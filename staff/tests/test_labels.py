"""What groups and rights are called on pages."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from intranet.languages import speaking
from intranet.outbox.models import Notice
from intranet.trace.action import batched
from intranet.trace.models import Action, Change
from intranet.trace.wording import described
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(client):
    root = make_superuser()
    client.force_login(root)
    return root


def everybody():
    return Group.objects.get(name="User")


def choices(field):
    return [str(label) for _, label in field.choices]


class TestTheGroupForAll:
    def test_is_called_so_in_forms_and_lists(self, client, root):
        person = client.get(reverse("admin:staff_user_change", args=[root.pk]))
        department = client.get(reverse("admin:staff_department_add"))
        groups = client.get(reverse("admin:auth_group_changelist")).content.decode()

        for page in (person, department):
            offered = choices(page.context["adminform"].form.fields["groups"])
            assert "Everybody" in offered
            assert "User" not in offered
        assert ">Everybody<" in groups.replace("\n", "").replace(" ", "")

    def test_is_called_so_on_its_own_page(self, client, root):
        page = client.get(reverse("admin:auth_group_change", args=[everybody().pk]))

        assert ">User<" not in page.content.decode()

    def test_keeps_its_name_in_the_data_and_has_the_other_in_the_history(self):
        make_user("ada")

        change = Change.objects.get(content_type__model="user", kind="changed")

        assert change.values["groups"] == {"added": ["User"]}
        assert described(change) == ["Groups: Everybody added"]

    def test_is_called_so_in_the_history_in_the_language_of_whoever_reads_it(self):
        with speaking("fr"):
            everybody().permissions.add(Permission.objects.get(codename="add_post"))

        action = Action.objects.filter(changes__object_name="User").latest("at")

        assert action.words == "Group “Everybody” changed"

    def test_gives_rights_of_which_the_admins_hear(self, root):
        lab, ada = make_department("Lab"), make_user("ada")
        ada.groups.remove(everybody())
        ada.profile.department = lab
        ada.profile.save()

        with batched():
            lab.groups.add(everybody())

        assert "Everybody" in Notice.objects.filter(recipient=root).latest("pk").detail


class TestRights:
    @pytest.mark.parametrize(
        ("codename", "name"),
        [
            ("add_document", "Papers: add"),
            ("view_profile", "Directory entries: view"),
            ("receive_notices", "Is told what happens to people and posts"),
        ],
    )
    def test_are_called_by_what_they_allow(self, codename, name):
        assert str(Permission.objects.get(codename=codename)) == name

    def test_take_no_query_each(self, client, root, django_assert_max_num_queries):
        with django_assert_max_num_queries(20):
            client.get(reverse("admin:auth_group_add"))

    def test_have_pages_without_django_s_names(self, client, root):
        page = client.get(reverse("admin:auth_group_changelist")).content.decode()

        assert "Authentication" not in page

    def test_are_said_in_the_language_of_whoever_reads_of_them(self, root):
        User.objects.filter(pk=root.pk).update(language="de")
        hr, ada = Group.objects.get(name="HR"), make_user("ada", roles=["HR"])
        right = Permission.objects.get(codename="add_post")
        hr.permissions.remove(right)

        with speaking("fr"):
            hr.permissions.add(right)

        change = Change.objects.filter(values__has_key="permissions").latest("pk")
        assert described(change) == ["Permissions: Posts: add added"]
        told = Notice.objects.filter(recipient=root).latest("pk").detail
        assert "das Recht „Beiträge: hinzufügen“" in told
        assert str(ada) in told
