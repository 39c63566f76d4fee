"""Undoing an action on its page: who may."""

import pytest
from django.contrib.auth.models import Group, Permission

from documents.models import Post
from documents.tests.factories import make_document, make_post
from staff.models import Department, Profile, User
from staff.tests.factories import make_department, make_superuser, make_user

from .undoing import act, as_role, ask, confirm, groups, offered, put

pytestmark = pytest.mark.django_db


class TestWithoutTheRight:
    """Undoing takes what the pages take, for each row."""

    def test_an_import_takes_the_right_to_delete_people(self, client):
        hr = as_role(client, "HR")
        Group.objects.get(name="HR").permissions.remove(
            Permission.objects.get(codename="delete_user")
        )
        action = act(lambda: make_user("ada"), hr)

        asked = ask(client, action)

        assert "You may not do this to: ada" in asked.content.decode()
        confirm(client, asked)
        assert User.objects.filter(username="ada").exists()

    def test_hr_undoes_an_import(self, client):
        action = act(lambda: make_user("ada", is_staff=False), as_role(client, "HR"))

        confirm(client, ask(client, action))

        assert not User.objects.filter(username="ada").exists()

    def test_superusers_are_touched_by_superusers_only(self, client):
        as_role(client, "HR")
        root = make_superuser()
        action = act(lambda: put(root, first_name="Root"))

        confirm(client, ask(client, action))

        assert User.objects.get(pk=root.pk).first_name == "Root"

    def test_nobody_gets_a_group_back_from_somebody_with_less(self, client):
        as_role(client, "HR")
        ada = make_user("ada", roles=["Editors"])
        action = act(lambda: ada.groups.remove(Group.objects.get(name="Editors")))

        asked = ask(client, action)

        assert "You may not give or take these rights: ada" in asked.content.decode()
        confirm(client, asked)
        assert groups(ada) == set()

    def test_nobody_makes_somebody_a_superuser_again(self, client):
        as_role(client, "HR")
        ann = make_superuser("ann")
        make_superuser()
        action = act(lambda: put(ann, is_superuser=False))

        confirm(client, ask(client, action))

        assert not User.objects.get(pk=ann.pk).is_superuser

    def test_nobody_gives_a_group_more_rights_than_they_hold(self, client):
        user, club = as_role(client, "HR"), Group.objects.create(name="Club")
        rights = Permission.objects.filter(codename__in=["change_group", "view_group"])
        user.user_permissions.set(rights)
        held, other = (
            Permission.objects.get(codename=it) for it in ("view_profile", "delete_post")
        )
        for right, is_there in ((held, True), (other, False)):
            club.permissions.set([right])
            action = act(lambda: club.permissions.clear())

            confirm(client, ask(client, action))

            assert club.permissions.exists() == is_there

    def test_nobody_moves_somebody_into_more_rights(self, client):
        as_role(client, "HR")
        desk = make_department("Desk", groups=["Editors"])
        ada = make_user("ada", department=desk)
        action = act(lambda: put(ada.profile, department=None))

        confirm(client, ask(client, action))

        assert Profile.objects.get(user=ada).department is None

    def test_nobody_gives_a_department_more_rights(self, client):
        as_role(client, "HR")
        desk = make_department("Desk", groups=["Editors"])
        action = act(lambda: desk.groups.clear())

        confirm(client, ask(client, action))

        assert not Department.objects.get().groups.exists()

    def test_nobody_takes_over_an_address(self, client):
        as_role(client, "HR")
        editor = make_user("ed", roles=["Editors"])
        action = act(lambda: put(editor, email="new@example.com"))

        confirm(client, ask(client, action))

        assert User.objects.get(pk=editor.pk).email == "new@example.com"

    @pytest.mark.parametrize("field", ["is_active", "is_staff"])
    def test_nobody_undoes_it_to_themselves(self, client, field):
        hr = make_user("hr", roles=["HR"])
        put(hr, **{field: False})
        action = act(lambda: put(hr, **{field: True}))
        client.force_login(hr)

        confirm(client, ask(client, action))

        assert getattr(User.objects.get(pk=hr.pk), field)

    def test_whoever_sees_a_part_only_gets_no_page(self, client):
        as_role(client, "Editors")
        action = act(lambda: make_post("Party", author=make_user("ada")), summary="Ada came.")

        assert offered(client, action) == []
        assert ask(client, action).status_code == 403

    def test_editors_undo_nothing_about_people(self, client):
        as_role(client, "Editors")
        action = act(lambda: put(make_user("ada"), first_name="Ada"))

        response = ask(client, action)

        assert response.status_code in (302, 403, 404)

    def test_who_looks_at_posts_undoes_none(self, client):
        post = make_post("Party")
        action = act(lambda: put(post, title="Picnic"))

        as_role(client)
        assert offered(client, action) == []
        assert ask(client, action).status_code == 403
        as_role(client, "HR")
        Group.objects.get(name="HR").permissions.remove(
            Permission.objects.get(codename="change_post")
        )

        assert "You may not do this to: Picnic" in ask(client, action).content.decode()

    @pytest.mark.parametrize(("role", "is_back"), [("Editors", False), ("superuser", True)])
    def test_authors_are_set_back_by_superusers_only(self, client, role, is_back):
        ann, post = make_user("ann"), make_post("Party")
        put(post, author=ann)
        action = act(lambda: put(post, author=None))
        as_role(client, role)

        confirm(client, ask(client, action))

        assert (Post.objects.get().author == ann) == is_back

    def test_papers_are_set_back_by_those_who_may_change_them(self, client):
        paper = make_document(make_user("ada"), title="CV")
        action = act(lambda: put(paper, title="New CV"))

        for role, title in [("Editors", "New CV"), ("HR", "CV")]:
            as_role(client, role)
            asked = ask(client, action)
            if asked.status_code == 200:
                confirm(client, asked)
            paper.refresh_from_db()
            assert paper.title == title
