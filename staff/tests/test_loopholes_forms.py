"""Forms that no page sends: what is in them changes nothing."""

import pytest
from django.urls import reverse

from documents.models import Document
from documents.tests.factories import make_document
from intranet.outbox.models import Mail
from intranet.tests.pages import confirmed, page, posted
from staff.models import Profile, User
from staff.tests.factories import (
    make_department,
    make_superuser,
    make_user,
)
from staff.tests.people_pages import ADD, NEWCOMER, PEOPLE, act
from staff.tests.rows import account, group_names

pytestmark = pytest.mark.django_db


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
