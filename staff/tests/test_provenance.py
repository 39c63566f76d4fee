import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from staff.models import User
from staff.provenance import in_words, sources
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def origins(user, viewer=None):
    found = sources(User.objects.get(pk=user.pk), viewer or make_user())
    return {source.name: source.origin for source in found}


def give(user, *codenames):
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))


class TestSources:
    def test_tell_departments_from_what_was_given_by_hand(self):
        ada = make_user("ada", department=make_department("Research", groups=["Editors", "Lab"]))
        ada.groups.add(Group.objects.create(name="Choir"), Group.objects.get(name="HR"))

        assert origins(ada) == {
            "Everybody": "role, everybody is in it",
            "Editors": "role, from the department Research",
            "Lab": "group, from the department Research",
            "HR": "role, given by hand",
            "Choir": "group, given by hand",
        }

    def test_of_somebody_who_left_are_no_department(self):
        ada = make_user("ada", department=make_department("Research", groups=["Lab"]))
        ada.profile.departed_at = ada.date_joined
        ada.profile.save()
        ada.groups.add(Group.objects.get(name="Lab"))

        assert origins(ada)["Lab"] == "group, given by hand"

    def test_say_what_they_allow(self):
        ada = make_user("ada")

        [source] = sources(ada, ada)

        assert source.rights == "directory entries (view), posts (view)"

    def test_beside_groups_are_for_superusers_to_see(self):
        root = make_superuser()
        give(root, "view_post", "add_user")

        assert origins(root) == {"Everybody": "role, everybody is in it"}
        assert origins(root, viewer=root) == {
            "Everybody": "role, everybody is in it",
            "Superuser": "given by hand",
            "Without a group": "given by hand",
        }

    def test_take_no_more_queries_when_there_are_more(self, django_assert_num_queries):
        ada = make_user("ada", department=make_department("Research", groups=["Lab"]))
        for number in range(3):
            group = Group.objects.create(name=f"Group {number}")
            group.permissions.set(Permission.objects.all()[: 2 + number])
            ada.groups.add(group)
        ada = User.objects.select_related("profile__department").get(pk=ada.pk)

        ContentType.objects.clear_cache()  # as in a new process

        with django_assert_num_queries(3):  # groups, permissions, content types
            sources(ada, ada)


class TestInWords:
    def test_rights_are_collected_by_what_they_are_for(self):
        wanted = ["add_user", "change_user", "view_post", "receive_notices"]

        text = in_words(Permission.objects.filter(codename__in=wanted))

        assert text == (
            "people (add, change), posts (view), Is told what happens to people and posts"
        )

    def test_no_rights_are_nothing(self):
        assert in_words([]) == "nothing by itself"


class TestPage:
    @pytest.mark.parametrize("make", [make_superuser, lambda: make_user(roles=["HR"])])
    def test_says_where_rights_come_from(self, client, make):
        ada = make_user("ada", department=make_department("Research", groups=["Lab"]))
        client.force_login(make())

        content = client.get(reverse("admin:staff_user_change", args=[ada.pk])).content.decode()

        assert "<strong>Lab</strong> (group, from the department Research)" in content

    def test_keeps_what_superusers_hold_by_hand_from_hr(self, client):
        root = make_superuser()
        give(root, "add_user")
        client.force_login(make_user(roles=["HR"]))

        content = client.get(reverse("admin:staff_user_change", args=[root.pk])).content.decode()

        assert "everybody is in it" in content
        assert "<strong>Superuser" not in content
        assert "Without a group" not in content
