"""Deleting people, and what is done to many of them at once."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from intranet.admin import bulk
from intranet.outbox.models import Notice
from intranet.tests.pages import confirmed, page
from staff.models import Profile, User
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.people_pages import act, told
from staff.tests.rows import account, group_names

pytestmark = pytest.mark.django_db


class TestDeleting:
    def test_the_page_names_who_is_left_behind(self, client, hr):
        ada = make_user("ada")
        make_department("Lab", head=ada)
        Profile.objects.filter(user__in=[make_user("bo"), make_user("cy")]).update(manager=ada)

        lines = client.get(page(ada, "delete")).context["plan"].lines

        assert "Deleted: 1 person: ada" in lines
        stays = "Stays, but loses something:"
        assert f"{stays} 2 people, no manager any more: bo, cy" in lines
        assert f"{stays} 1 department, no head any more: Lab" in lines

    def test_a_long_list_is_cut(self, client, hr):
        people = [make_user(f"p{number:02}") for number in range(21)]

        page = act(client, "delete_selected", *people)

        assert "Deleted: 21 people: p00, p01," in str(page.context["plan"].lines)
        assert "p19, and 1 more" in page.content.decode()
        assert "… and 1 more" in page.content.decode()
        assert "p20" not in page.content.decode()

    def test_confirming_does_it(self, client, hr):
        ada = make_user("ada", first_name="Ada")

        done = confirmed(client, page(ada, "delete"), {"post": "yes"}, follow=True)

        assert told(done) == ["Person “Ada” deleted; 1 mail on its way, 1 admin told."]
        assert not User.objects.filter(pk=ada.pk).exists()
        assert Notice.objects.filter(recipient=hr, message="Hazel deleted Ada").count() == 1

    def test_many_at_once(self, client, hr):
        people = [make_user() for _ in range(3)]

        act(client, "delete_selected", *people, post="yes")

        assert list(User.objects.all()) == [hr]
        assert Notice.objects.filter(message="Hazel deleted 3 people").count() == 1

    @pytest.mark.parametrize("who", ["self", "superuser"])
    def test_oneself_and_superusers_are_spared(self, client, hr, who):
        target = hr if who == "self" else make_superuser()

        response = act(client, "delete_selected", target, make_user(), post="yes")

        assert response.context["plan"].refused == [f"You may not delete: {target}."]
        assert confirmed(client, page(target, "delete"), {"post": "yes"}).status_code == 403
        assert User.objects.count() == (2 if who == "self" else 3)

    @pytest.mark.slow
    def test_a_whole_list_beyond_a_thousand(self, client, hr, monkeypatch):
        monkeypatch.setattr(bulk, "LONG", 2000)  # here, not by a worker
        User.objects.bulk_create(
            User(username=f"p{number}", email=f"p{number}@example.com") for number in range(1100)
        )
        people = User.objects.exclude(pk=hr.pk)

        act(client, "delete_selected", *people, post="yes")

        assert list(User.objects.all()) == [hr]


class TestActions:
    def test_deactivate_and_activate(self, client, hr):
        ada, eve = make_user("ada"), make_user("eve", is_active=False)

        messages = told(act(client, "deactivate", ada, eve, post="yes"))

        assert messages[0].startswith("ada is inactive now")
        assert messages[1:] == ["Stays as it is, nothing to change: eve."]
        messages = told(act(client, "activate", ada, eve, post="yes"))
        assert messages[0].startswith("2 people are active again")
        assert User.objects.active().count() == 3

    def test_oneself_and_superusers_are_left_alone(self, client, hr):
        messages = told(act(client, "deactivate", hr, make_superuser(), post="yes"))

        assert messages == ["Left alone, you may not do this to them: hazel, root."]
        assert User.objects.active().count() == 2

    def test_groups_are_asked_for_then_given_and_taken(self, client, root):
        ada, editors = make_user("ada"), Group.objects.get(name="Editors")

        asked = act(client, "add_to_group", ada)
        given = act(client, "add_to_group", ada, post="yes", group=editors.pk)

        assert "Choose a group" in str(asked.content)
        assert told(given)[0].startswith("ada added to the group Editors")
        assert group_names(ada) == {"User", "Editors"}
        act(client, "remove_from_group", ada, post="yes", group=editors.pk)
        assert group_names(ada) == {"User"}

    @pytest.mark.django_db(transaction=True)
    def test_a_question_that_was_answered_keeps_nobody_waiting(self, client, root, monkeypatch):
        writing = []
        rehearse = bulk.rehearse

        def watched(*args, **kwargs):
            writing.append(connection.in_atomic_block)
            return rehearse(*args, **kwargs)

        monkeypatch.setattr(bulk, "rehearse", watched)
        ada, editors = make_user("ada"), Group.objects.get_or_create(name="Editors")[0]

        act(client, "add_to_group", ada, post="yes", group=editors.pk)

        assert writing == [False]

    def test_hr_is_not_offered_groups_beyond_their_rights(self, client, hr):
        ada, editors = make_user("ada"), Group.objects.get(name="Editors")

        response = act(client, "add_to_group", ada, post="yes", group=editors.pk)

        assert "Select a valid choice" in str(response.content)
        assert group_names(ada) == {"User"}

    def test_the_default_group_cannot_be_taken(self, client, root):
        ada, default = make_user("ada"), Group.objects.get(name="User")

        act(client, "remove_from_group", ada, post="yes", group=default.pk)

        assert group_names(ada) == {"User"}

    def test_moving_brings_the_groups_of_the_department(self, client, hr):
        ada, lab = make_user("ada"), make_department("Lab", groups=["Readers"])

        response = act(client, "move_to_department", ada, post="yes", department=lab.pk)

        assert told(response)[0].startswith("ada moved to Lab")
        assert group_names(ada) == {"User", "Readers"}

    def test_moving_is_no_back_door(self, client, hr):
        press = make_department("Press", groups=["Editors"])

        act(client, "move_to_department", make_user("ada"), hr, post="yes", department=press.pk)

        assert not User.objects.filter(groups__name="Editors").exists()

    @pytest.mark.parametrize(
        "action",
        ["activate", "deactivate", "add_to_group", "remove_from_group", "move_to_department"],
    )
    def test_looking_is_not_acting(self, client, action):
        viewer = make_user("viewer")
        viewer.user_permissions.add(
            *Group.objects.get(name="HR").permissions.filter(
                codename__in=["view_user", "view_profile"]
            )
        )
        client.force_login(viewer)
        ada = make_user("ada", roles=["Editors"], is_active=action != "activate")
        group = Group.objects.get(name="HR" if action == "add_to_group" else "Editors")
        answers, before = {"group": group.pk, "department": make_department().pk}, account(ada)

        act(client, action, ada, post="yes", **answers)

        assert account(ada) == before
