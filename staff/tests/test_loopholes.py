"""Ways to get more rights than one was given: each is tried the way an attacker would."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from documents.tests.factories import make_document, make_post
from intranet.tests.pages import confirmed, page, posted
from staff.models import Profile, User
from staff.tests.factories import (
    make_department,
    make_group,
    make_holder,
    make_superuser,
    make_user,
)
from staff.tests.people_pages import ADD, NEWCOMER, PEOPLE, act, told
from staff.tests.rows import account, group_names

pytestmark = pytest.mark.django_db


class TestSelfPromotion:
    @pytest.mark.parametrize(
        "forged",
        [
            {"is_superuser": "on"},
            {"user_permissions": ["1", "2", "3"]},
            {"password": "md5$$5ebe2294ecd0e0f08eab7690d2a6ee69"},
            {"last_login": "2030-01-01", "date_joined": "2001-01-01"},
        ],
    )
    @pytest.mark.parametrize("codes", [["staff.view_user", "staff.change_user"], "HR"])
    def test_fields_that_are_not_on_the_page_change_nothing(self, client, signed_in, codes, forged):
        me = make_user("me", roles=["HR"]) if codes == "HR" else make_holder(*codes)
        client.force_login(me)
        data, before = posted(client.get(page(me))), account(me)

        confirmed(client, page(me), {**data, **forged})

        assert account(me) == before

    @pytest.mark.parametrize("group", ["HR", "Editors", "Readers"])
    def test_no_group_for_oneself_by_the_form(self, client, signed_in, group):
        Group.objects.get_or_create(name=group)
        me = signed_in("staff.view_user", "staff.change_user")
        data = posted(client.get(page(me)))

        confirmed(client, page(me), {**data, "groups": [Group.objects.get(name=group).pk]})

        assert group_names(me) == {"User"}

    def test_no_group_for_oneself_by_the_bulk_action(self, client, hr):
        readers = Group.objects.create(name="Readers")

        response = act(client, "add_to_group", hr, post="yes", group=readers.pk)

        assert group_names(hr) == {"HR", "User"}
        assert told(response) == ["Left alone, you may not do this to them: hazel."]

    def test_no_group_for_oneself_by_one_s_own_department(self, client, hr):
        lab = make_department("Lab", groups=["Readers"])
        data = posted(client.get(page(hr)), **{"profile-0-department": lab.pk})

        confirmed(client, page(hr), data)
        act(client, "move_to_department", hr, post="yes", department=lab.pk)

        assert group_names(hr) == {"HR", "User"}

    def test_no_group_for_the_department_one_is_in(self, client, hr):
        lab, readers = make_department("Lab"), Group.objects.create(name="Readers")
        Profile.objects.filter(user=hr).update(department=lab)
        url = reverse("admin:staff_department_change", args=[lab.pk])

        response = confirmed(client, url, {"name": "Lab", "groups": [readers.pk]})

        assert "You may not give or take these groups: Readers." in response.content.decode()
        assert group_names(hr) == {"HR", "User"}

    def test_leaving_and_coming_back_are_not_for_oneself(self, client, hr):
        before = account(hr)
        answers = {"post": "yes", "left_on": "2030-01-01"}

        for name in ("leave_person", "bring_person_back"):
            confirmed(client, page(hr, name), answers)
        for name in ("leaves", "bring_back", "deactivate"):
            act(client, name, hr, **answers)

        assert account(hr) == before


class TestPromotionOfAnother:
    @pytest.mark.parametrize("forged", [{"is_superuser": "on"}, {"user_permissions": ["1", "2"]}])
    def test_nobody_is_made_superuser_by_the_change_page(self, client, hr, forged):
        ada = make_user("ada")
        data, before = posted(client.get(page(ada))), account(ada)

        confirmed(client, page(ada), {**data, **forged})

        assert account(ada) == before

    @pytest.mark.parametrize("query", ["", "?is_superuser=on&user_permissions=1&_popup=1"])
    def test_nobody_is_made_superuser_by_the_add_page(self, client, signed_in, query):
        signed_in("staff.add_user")
        data = posted(client.get(ADD + query))
        forged = {"is_superuser": "on", "user_permissions": ["1"], "_popup": "1"}

        confirmed(client, ADD + query, {**data, **NEWCOMER, **forged})

        ivy = User.objects.get(email="ivy@example.com")
        assert not ivy.is_superuser
        assert not ivy.user_permissions.exists()

    @pytest.mark.parametrize("group", ["HR", "Editors"])
    def test_whoever_only_adds_people_gives_no_group_beyond_their_rights(
        self, client, signed_in, group
    ):
        signed_in("staff.add_user")
        group = Group.objects.get(name=group)

        confirmed(client, ADD, {**posted(client.get(ADD)), **NEWCOMER, "groups": [group.pk]})

        assert not User.objects.filter(email="ivy@example.com").exists()

    def test_a_group_beyond_one_s_rights_is_neither_given_nor_taken(self, client, hr):
        ada, editors = make_user("ada"), Group.objects.get(name="Editors")
        ed = make_user("ed", roles=["Editors"])

        confirmed(client, page(ada), {**posted(client.get(page(ada))), "groups": [editors.pk]})
        confirmed(client, page(ed), posted(client.get(page(ed)), groups=None))
        for name in ("add_to_group", "remove_from_group"):
            act(client, name, ada, ed, post="yes", group=editors.pk)

        assert group_names(ada) == {"User"}
        assert group_names(ed) == {"User", "Editors"}

    def test_the_groups_one_holds_can_be_given(self, client, hr):
        ada = make_user("ada")
        groups = [Group.objects.get(name="HR").pk]

        confirmed(client, page(ada), {**posted(client.get(page(ada))), "groups": groups})

        assert group_names(ada) == {"User", "HR"}

    def test_the_groups_one_holds_can_be_given_to_somebody_with_more(self, client, hr):
        ed, readers = make_user("ed", roles=["Editors"]), Group.objects.create(name="Readers")
        groups = [readers.pk, Group.objects.get(name="Editors").pk]

        confirmed(client, page(ed), {**posted(client.get(page(ed))), "groups": groups})

        assert group_names(ed) == {"User", "Editors", "Readers"}

    def test_choosing_groups_takes_no_more_queries_when_there_are_more(
        self, client, hr, django_assert_max_num_queries
    ):
        def queries():
            with django_assert_max_num_queries(100) as captured:
                client.get(ADD)
            return len(captured)

        before = queries()
        for number in range(5):
            make_group(f"Group {number}", "staff.view_user")

        assert queries() == before


class TestAccountTakeover:
    """Whoever reads somebody's mail can set their password."""

    @pytest.mark.parametrize("active", [True, False])
    def test_the_address_of_somebody_with_more_rights_stays(self, client, hr, active):
        ed = make_user("ed", roles=["Editors"], is_active=active)
        data = posted(client.get(page(ed)), email="hazel+ed@example.com", first_name="Edwin")

        confirmed(client, page(ed), data)

        ed.refresh_from_db()
        assert (ed.email, ed.first_name) == ("ed@example.com", "Edwin")

    def test_so_does_the_user_name(self, client, hr):
        ed = make_user("ed", roles=["Editors"])

        confirmed(client, page(ed), posted(client.get(page(ed)), username="hazel2"))

        assert User.objects.filter(pk=ed.pk, username="ed").exists()

    def test_the_user_name_of_somebody_with_the_same_rights_changes(self, client, hr):
        ada = make_user("ada", roles=["HR"])

        confirmed(client, page(ada), posted(client.get(page(ada)), username="ada.new"))

        assert User.objects.filter(pk=ada.pk, username="ada.new").exists()

    def test_the_address_of_somebody_with_the_same_rights_changes(self, client, hr):
        ada = make_user("ada", roles=["HR"])

        confirmed(client, page(ada), posted(client.get(page(ada)), email="ada@new.example"))

        assert User.objects.get(pk=ada.pk).email == "ada@new.example"

    def test_one_s_own_address_changes(self, client, hr):
        confirmed(client, page(hr), posted(client.get(page(hr)), email="hazel@new.example"))

        assert User.objects.get(pk=hr.pk).email == "hazel@new.example"

    def test_no_list_can_be_filtered_by_what_it_does_not_offer(self, client, hr):
        root, lists = make_superuser(), []
        make_document(root)
        make_department(head=root)
        make_post(author=root)
        probes = ["password__startswith", "is_superuser", "last_login__gt", "user_permissions"]
        for path, prefix in [
            ("staff/user", ""),
            ("staff/user", "profile__manager__"),
            ("staff/profile", "user__"),
            ("staff/department", "head__"),
            ("documents/document", "owner__"),
            ("documents/document", "uploaded_by__"),
            ("documents/post", "author__"),
            ("intranet/notice", "recipient__"),
        ]:
            lists += [f"/admin/{path}/?{prefix}{probe}=m" for probe in probes]
        lists.append("/admin/intranet/mail/?message__contains=password_reset")

        assert {url: client.get(url).status_code for url in lists} == dict.fromkeys(lists, 400)

    def test_what_a_list_offers_still_filters(self, client, hr):
        lab = make_department("Lab")
        ada = make_user("ada", department=lab)
        make_document(ada)

        for url in (
            f"{PEOPLE}?profile__department__id__exact={lab.pk}&is_staff__exact=1",
            f"/admin/documents/document/?owner__id__exact={ada.pk}",
        ):
            assert client.get(url).context["cl"].result_count == 1
