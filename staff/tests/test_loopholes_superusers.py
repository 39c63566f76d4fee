"""Superusers are out of reach of everybody else, whatever page or action is tried."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from documents.models import Document
from documents.tests.factories import make_document
from intranet.outbox.models import Mail
from intranet.tests.pages import confirmed, page, posted
from staff.models import User
from staff.tests.factories import (
    make_department,
    make_holder,
    make_superuser,
    make_user,
)
from staff.tests.people_pages import PEOPLE, act
from staff.tests.rows import account

pytestmark = pytest.mark.django_db


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
