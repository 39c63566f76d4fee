"""Ways to get more rights than one was given: each is tried the way an attacker would."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from django.utils import timezone

from documents.models import Document
from documents.tests.factories import make_document, make_post
from intranet.outbox.models import Mail
from intranet.tests.pages import confirmed
from staff.models import Department, Profile, User
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.test_admin_people import ADD, PEOPLE, act, group_names, page, posted, told

pytestmark = pytest.mark.django_db
NEWCOMER = {"first_name": "I", "last_name": "Q", "email": "ivy@example.com"}


def permission(code):
    app, codename = code.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def make_holder(*codes, **fields):
    """Create somebody who holds just these permissions, by hand."""
    user = make_user(**fields)
    user.user_permissions.add(*map(permission, codes))
    return user


def make_group(name, *codes):
    group = Group.objects.create(name=name)
    group.permissions.add(*map(permission, codes))
    return group


def account(user):
    """Return all that is stored of an account, its rights and its profile."""
    return (
        User.objects.filter(pk=user.pk).values().get(),
        Profile.objects.filter(user=user).values().get(),
        sorted(user.groups.values_list("pk", flat=True)),
        sorted(user.user_permissions.values_list("pk", flat=True)),
    )


@pytest.fixture
def hr(client):
    hr = make_user("hazel", roles=["HR"])
    client.force_login(hr)
    return hr


@pytest.fixture
def signed_in(client):
    """Return a function that creates and signs in a holder of the given permissions."""

    def sign_in(*codes, **fields):
        user = make_holder(*codes, **fields)
        client.force_login(user)
        return user

    return sign_in


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


class TestSuperusersAreOutOfReach:
    @pytest.fixture
    def root(self):
        return make_superuser(department=make_department("Board"))

    @pytest.mark.parametrize("codes", [["staff.change_user", "staff.change_profile"], "HR"])
    @pytest.mark.parametrize(
        "forged",
        [
            {"email": "stolen@example.com"},
            {"username": "stolen"},
            {"password": "md5$$5ebe2294ecd0e0f08eab7690d2a6ee69"},
            {"is_active": None},
            {"is_staff": None},
            {"is_superuser": None},
            {"profile-0-job_title": "Clerk"},
            {"documents-TOTAL_FORMS": "1", "documents-0-kind": "cv"},
        ],
    )
    def test_by_the_form_and_its_inlines(self, client, root, codes, forged):
        client.force_login(make_superuser("second"))
        data = posted(client.get(page(root)), **forged)
        client.force_login(make_user(roles=["HR"]) if codes == "HR" else make_holder(*codes))
        before = account(root)

        response = confirmed(client, page(root), data)

        assert response.status_code == 403
        assert account(root) == before

    @pytest.mark.parametrize(
        "action",
        [
            "deactivate",
            "leaves",
            "bring_back",
            "add_to_group",
            "remove_from_group",
            "move_to_department",
            "invite_again",
            "sign_out_everywhere",
            "delete_selected",
        ],
    )
    @pytest.mark.parametrize("across", ["0", "1"])
    def test_by_a_bulk_action(self, client, root, action, across):
        hr = make_user("hazel", roles=["HR"])
        client.force_login(hr)
        lab, readers = make_department("Lab"), Group.objects.create(name="Readers")
        root.groups.add(readers)
        mails = Mail.objects.filter(to=root.email)
        before, sent = account(root), mails.count()
        answers = {"group": readers.pk, "department": lab.pk, "left_on": "2030-01-01"}
        offered = dict(client.get(PEOPLE).context["action_form"].fields["action"].choices)
        assert action in offered

        act(client, action, root, post="yes", select_across=across, **answers)

        assert account(root) == before
        assert mails.count() == sent

    def test_by_their_own_pages(self, client, hr, root):
        before = account(root)
        answers = {"post": "yes", "left_on": "2030-01-01"}

        pages = ["leave_person", "bring_person_back", "sign_person_out_everywhere"]
        for name in ("delete", "invite_person_again", *pages):
            confirmed(client, page(root, name), answers)

        assert account(root) == before

    def test_by_deleting_the_profile(self, client, hr, root):
        profiles = reverse("admin:staff_profile_changelist")
        one = reverse("admin:staff_profile_delete", args=[root.profile.pk])
        many = {"action": "delete_selected", "_selected_action": [root.profile.pk], "post": "yes"}

        assert confirmed(client, one, {"post": "yes"}).status_code == 403
        confirmed(client, profiles, many)

        assert User.objects.filter(pk=root.pk).exists()

    def test_there_is_no_password_page_for_others(self, client, hr, root):
        for tail in ("password/", "../password/", "change/password/"):
            assert client.get(f"{PEOPLE}{root.pk}/{tail}").status_code in (302, 404)
        assert User.objects.get(pk=root.pk).check_password("secret")

    def test_their_rights_are_not_shown(self, client, hr, root):
        content = client.get(page(root)).content.decode()

        assert "is_superuser" not in content
        assert "user_permissions" not in content

    def test_papers_are_looked_after_without_touching_the_account(self, client, hr, root):
        paper, before = make_document(root, title="Old"), account(root)
        url = reverse("admin:documents_document_change", args=[paper.pk])
        fields = {"owner": root.pk, "kind": "cv", "title": "New"}

        confirmed(client, url, {**fields, "email": "stolen@example.com", "is_active": ""})

        assert Document.objects.get().title == "New"
        assert account(root) == before


class TestForgedForms:
    def test_another_person_s_profile(self, client, hr):
        ada, root = make_user("ada"), make_superuser()
        data = posted(client.get(page(ada)))
        before = account(root)

        for initial in ("0", "1"):
            forged = {
                "profile-INITIAL_FORMS": initial,
                "profile-0-id": root.profile.pk,
                "profile-0-user": root.pk,
                "profile-0-job_title": "Forged",
            }
            confirmed(client, page(ada), {**data, **forged})
            confirmed(client, page(ada), {**data, **forged, "profile-0-user": ada.pk})

        assert account(root) == before
        assert Profile.objects.count() == 3

    @pytest.mark.parametrize(
        "forged",
        [
            {"profile-INITIAL_FORMS": "0", "profile-0-id": ""},
            {"profile-INITIAL_FORMS": "0", "profile-TOTAL_FORMS": "2", "profile-1-id": ""},
        ],
    )
    def test_a_profile_passed_off_as_new_is_no_way_round_the_right_to_change(
        self, client, signed_in, forged
    ):
        codes = ["staff.view_user", "staff.change_user", "staff.view_profile", "staff.add_profile"]
        signed_in(*codes)
        ada = make_user("ada")
        data, before = posted(client.get(page(ada))), account(ada)
        titles = {f"profile-{number}-job_title": "Forged" for number in (0, 1)}

        confirmed(client, page(ada), {**data, **forged, **titles, "profile-TOTAL_FORMS": "2"})

        assert account(ada) == before

    def test_a_profile_passed_off_as_new_is_no_way_round_the_old_department(self, client, hr):
        ed = make_user("ed", department=make_department("Press", groups=["Editors"]))
        data = posted(client.get(page(ed)), **{"profile-0-department": None})
        forged = {"profile-INITIAL_FORMS": "0", "profile-0-id": "", "profile-0-job_title": "New"}

        confirmed(client, page(ed), {**data, **forged})

        assert group_names(ed) == {"User", "Editors"}
        assert Profile.objects.get(user=ed).department.name == "Press"

    def test_another_person_s_paper(self, client, hr):
        ada, root = make_user("ada"), make_superuser()
        own, other = make_document(ada, title="Own"), make_document(root, title="Other")
        data = posted(client.get(page(ada)))

        for changes in ({"documents-0-title": "Forged"}, {"documents-0-DELETE": "on"}):
            forged = {"documents-0-id": other.pk, **changes}
            confirmed(client, page(ada), {**data, **forged})
            confirmed(client, page(ada), {**data, **forged, "documents-0-owner": root.pk})

        other.refresh_from_db()
        assert (other.title, other.owner) == ("Other", root)
        assert set(Document.objects.all()) == {own, other}

    @pytest.mark.parametrize("codes", [[], ["documents.view_document"]])
    def test_papers_by_those_who_may_not_touch_them(self, client, signed_in, codes):
        signed_in("staff.view_user", "staff.change_user", *codes)
        ada = make_user("ada")
        paper = make_document(ada, title="Own")
        forged = {
            "documents-TOTAL_FORMS": "1",
            "documents-INITIAL_FORMS": "1",
            "documents-0-id": paper.pk,
            "documents-0-owner": ada.pk,
            "documents-0-kind": "cv",
            "documents-0-title": "Forged",
            "documents-0-DELETE": "on",
        }

        confirmed(client, page(ada), {**posted(client.get(page(ada))), **forged})

        assert Document.objects.get().title == "Own"

    def test_a_field_that_does_not_name_people_is_no_key_to_them(self, client, hr):
        for name in ("password", "email", "username"):
            assert client.get(f"{PEOPLE}?_to_field={name}&_popup=1").status_code == 400

    def test_autocompletion_is_for_those_who_may_see_people(self, client, signed_in):
        signed_in("staff.view_profile", "staff.change_profile", "documents.add_document")
        url = reverse("admin:autocomplete")

        for app, model, field in [
            ("staff", "profile", "manager"),
            ("staff", "profile", "successor"),
            ("staff", "department", "head"),
            ("documents", "document", "owner"),
            ("documents", "post", "author"),
        ]:
            where = {"app_label": app, "model_name": model, "field_name": field}
            assert client.get(url, {**where, "term": ""}).status_code == 403


class TestRightsThatGoTogether:
    def test_changing_profiles_alone_changes_nothing(self, client, signed_in):
        signed_in("staff.view_user", "staff.view_profile", "staff.change_profile")
        ada, lab = make_user("ada"), make_department("Lab")
        before = account(ada)

        response = confirmed(client, page(ada), {"profile-0-job_title": "Forged"})
        act(client, "move_to_department", ada, post="yes", department=lab.pk)

        assert response.status_code == 403
        assert account(ada) == before

    def test_moving_people_takes_the_right_to_change_profiles(self, client, signed_in):
        signed_in("staff.view_user", "staff.change_user")
        ada, lab = make_user("ada"), make_department("Lab")

        act(client, "move_to_department", ada, post="yes", department=lab.pk)

        assert Profile.objects.get(user=ada).department is None

    def test_nobody_is_deleted_in_the_directory(self, client, signed_in):
        signed_in(
            *(f"staff.{do}_{what}" for do in ("view", "delete") for what in ("user", "profile"))
        )
        ada = make_user("ada")
        url = reverse("admin:staff_profile_delete", args=[ada.profile.pk])
        many = {"action": "delete_selected", "_selected_action": [ada.profile.pk], "post": "yes"}

        assert confirmed(client, url, {"post": "yes"}).status_code == 403
        confirmed(client, reverse("admin:staff_profile_changelist"), many)

        assert User.objects.filter(pk=ada.pk).exists()

    def test_deleting_people_spares_superusers_and_oneself(self, client, signed_in):
        me, root = signed_in("staff.view_user", "staff.delete_user"), make_superuser()

        for person in (me, root):
            act(client, "delete_selected", person, post="yes", select_across="1")
            assert confirmed(client, page(person, "delete"), {"post": "yes"}).status_code == 403

        assert User.objects.count() == 2


class TestDepartments:
    def url(self, name, department):
        return reverse(f"admin:staff_department_{name}", args=[department.pk])

    def test_get_no_group_beyond_one_s_rights(self, client, signed_in):
        signed_in("staff.view_department", "staff.change_department")
        ada = make_user("ada", department=make_department("Lab"))
        lab, editors = Department.objects.get(), Group.objects.get(name="Editors")

        confirmed(client, self.url("change", lab), {"name": "Lab", "groups": [editors.pk]})

        assert not lab.groups.exists()
        assert group_names(ada) == {"User"}

    def test_keep_the_groups_beyond_one_s_rights(self, client, signed_in):
        signed_in(*(f"staff.{do}_department" for do in ("view", "change", "delete")))
        press = make_department("Press", groups=["Editors"])
        ed = make_user("ed", department=press)
        bulk = {"action": "delete_selected", "_selected_action": [press.pk], "post": "yes"}

        confirmed(client, self.url("change", press), {"name": "Press"})
        confirmed(client, self.url("delete", press), {"post": "yes"})
        confirmed(client, reverse("admin:staff_department_changelist"), bulk)

        assert group_names(ed) == {"User", "Editors"}

    def test_are_no_way_in_as_their_head(self, client, signed_in):
        me = signed_in("staff.view_user", "staff.view_department", "staff.change_department")
        press = make_department("Press", groups=["Editors"])
        groups = [Group.objects.get(name="Editors").pk]

        confirmed(
            client, self.url("change", press), {"name": "Press", "head": me.pk, "groups": groups}
        )

        assert Department.objects.get().head == me
        assert not User.objects.get(pk=me.pk).has_perm("documents.change_post")

    def test_are_no_way_in_when_somebody_is_brought_back(self, client, hr):
        ada = make_user("ada", department=make_department("Lab"), is_active=False)
        now = timezone.now()
        Profile.objects.filter(user=ada).update(left_on=now, departed_at=now)
        Department.objects.get().groups.add(Group.objects.get(name="Editors"))

        confirmed(client, page(ada, "bring_person_back"), {"post": "yes"})
        act(client, "bring_back", ada, post="yes")

        assert group_names(ada) == {"User"}


class TestGroups:
    """For whoever may change groups and is no superuser."""

    CODES = ["staff.view_user", *(f"auth.{do}_group" for do in ("view", "add", "change", "delete"))]

    def url(self, name, group):
        return reverse(f"admin:auth_group_{name}", args=[group.pk])

    def codes(self, group):
        return set(group.permissions.values_list("codename", flat=True))

    def test_get_what_one_holds(self, client, signed_in):
        signed_in(*self.CODES)
        group = make_group("Readers")
        data = {"name": "Readers", "permissions": [permission("staff.view_user").pk]}

        confirmed(client, self.url("change", group), data)

        assert self.codes(group) == {"view_user"}

    @pytest.mark.parametrize("name", ["change", "add"])
    def test_get_nothing_that_one_does_not_hold(self, client, signed_in, name):
        signed_in(*self.CODES)
        group = make_group("Readers")
        url = self.url("change", group) if name == "change" else reverse("admin:auth_group_add")
        chosen = [permission("staff.view_user").pk, permission("staff.change_user").pk]

        confirmed(client, url, {"name": f"{name}d", "permissions": chosen})

        assert [self.codes(group) for group in Group.objects.filter(name="Readers")] == [set()]

    @pytest.mark.parametrize("own", [True, False])
    def test_one_s_own_and_those_above_stay_as_they_are(self, client, signed_in, own):
        me = signed_in(*self.CODES)
        group = make_group("Club", "staff.view_user" if own else "staff.change_user")
        if own:
            me.groups.add(group)
        before = self.codes(group)
        bulk = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
        data = {"name": "Mine", "permissions": [permission("auth.change_group").pk]}

        assert confirmed(client, self.url("change", group), data).status_code == 403
        assert confirmed(client, self.url("delete", group), {"post": "yes"}).status_code == 403
        confirmed(client, reverse("admin:auth_group_changelist"), bulk)

        assert Group.objects.get(name="Club") == group
        assert self.codes(group) == before

    def test_one_s_own_by_way_of_the_department_stays_too(self, client, signed_in):
        signed_in(*self.CODES, department=make_department("Lab", groups=["Club"]))
        url = self.url("change", Group.objects.get(name="Club"))
        data = {"name": "Club", "permissions": [permission("staff.view_user").pk]}

        assert confirmed(client, url, data).status_code == 403

    def test_superusers_change_them_all(self, client):
        client.force_login(make_superuser())
        group = make_group("Club")
        data = {"name": "Club", "permissions": [permission("auth.change_group").pk]}

        confirmed(client, self.url("change", group), data)

        assert self.codes(group) == {"change_group"}


@pytest.mark.slow
class TestNames:
    BAD = ["a\r\nBcc: x@example.com", "a\nb", "a\rb"]

    @pytest.mark.parametrize("field", ["first_name", "last_name", "email", "username"])
    @pytest.mark.parametrize("bad", BAD)
    def test_line_breaks_are_an_error_of_the_form(self, client, hr, field, bad):
        ada, mails = make_user("ada"), Mail.objects.count()
        value = f"{bad}@example.com" if field == "email" else bad
        before = account(ada)

        added = confirmed(client, ADD, {**posted(client.get(ADD)), **NEWCOMER, field: value})
        changed = confirmed(client, page(ada), {**posted(client.get(page(ada))), field: value})

        assert field in added.context["adminform"].form.errors
        assert field in changed.context["adminform"].form.errors
        assert account(ada) == before
        assert (User.objects.count(), Mail.objects.count()) == (2, mails)
