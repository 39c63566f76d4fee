from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from intranet.admin.removals import in_plain_words
from intranet.files.models import FileRemoval
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:intranet_fileremoval_changelist")


def make_removal(name="cvs/a.pdf", **fields):
    source = "documents.Document.file"
    return FileRemoval.objects.create(
        storage="default", name=name, source=source, reason="deleted", **fields
    )


def make_failed(name="cvs/a.pdf"):
    later = timezone.now() + timedelta(hours=1)
    return make_removal(name, attempts=3, error="OSError: no such disk", due_at=later)


def pages(removal):
    return [LIST, reverse("admin:intranet_fileremoval_change", args=[removal.pk])]


class TestPages:
    def test_send_the_anonymous_to_the_sign_in_page(self, client):
        for page in pages(make_failed()):
            assert client.get(page).url.startswith(reverse("admin:login"))

    @pytest.mark.parametrize("roles", [[], ["Editors"]])
    def test_are_closed_to_others(self, client, roles):
        client.force_login(make_user(roles=roles))

        for page in pages(make_failed()):
            assert client.get(page).status_code == 403

    @pytest.mark.parametrize("fields", [{"roles": ["HR"]}, {"is_superuser": True}])
    def test_are_open_to_hr_and_superusers(self, client, fields):
        client.force_login(make_user(**fields))

        for page in pages(make_failed()):
            assert "OSError: no such disk" in client.get(page).content.decode()

    def test_one_removal_says_in_words_how_it_stands(self, client):
        client.force_login(make_superuser())

        page = client.get(pages(make_failed())[1]).content.decode()

        assert "failed, will be tried again" in page
        assert "(&#x27;failed&#x27;" not in page

    def test_the_list_asks_no_more_for_more_rows(self, client):
        client.force_login(make_superuser())
        make_failed()
        client.get(LIST)

        with CaptureQueriesContext(connection) as few:
            client.get(LIST)
        for number in range(5):
            make_removal(f"cvs/{number}.pdf")
        with CaptureQueriesContext(connection) as many:
            client.get(LIST)

        assert len(many) == len(few)


class TestStates:
    @pytest.mark.parametrize(
        ("state", "fields"),
        [
            ("waiting", {}),
            ("removing", {"attempts": 1}),
            ("failed", {"attempts": 1, "error": "no"}),
            ("kept", {"kept_at": timezone.now()}),
            ("removed", {"attempts": 1, "removed_at": timezone.now()}),
        ],
    )
    def test_the_filter_agrees_with_the_status(self, client, state, fields):
        client.force_login(make_superuser())
        removal = make_removal("cvs/this.pdf", **fields)
        others = [make_removal("cvs/1.pdf"), make_failed("cvs/2.pdf")]

        page = client.get(LIST, {"state": state}).content.decode()

        assert removal.status == state
        for row in [removal, *others]:
            assert (row.name in page) == (row.status == state)


class TestWords:
    @pytest.mark.parametrize(
        ("source", "shown"),
        [
            ("documents.Document.file", "File of a paper"),
            ("staff.Profile.photo", "Photo of a person"),
            ("gone.Model.file", "gone.Model.file"),
            ("", "a file that nothing named"),
        ],
    )
    def test_say_what_a_file_was(self, source, shown):
        assert in_plain_words(source) == shown

    def test_are_those_of_the_office_on_both_pages(self, client):
        client.force_login(make_superuser())
        removal = make_removal(removed_at=timezone.now())

        for page in pages(removal):
            html = client.get(page).content.decode()
            assert "File of a paper" in html
            assert "what it belonged to was deleted" in html
            assert "(&#x27;removed" not in html

    def test_leave_the_technical_name_to_the_page_of_one(self, client):
        client.force_login(make_superuser())

        listed, one = (client.get(page).content.decode() for page in pages(make_removal()))

        assert "documents.Document.file" not in listed
        assert "documents.Document.file" in one


class TestTryAgain:
    def run(self, client, *removals):
        chosen = {"action": "try_again", "_selected_action": [row.pk for row in removals]}
        return client.post(LIST, chosen, follow=True).content.decode()

    def test_makes_failed_removals_due_at_once(self, client):
        client.force_login(make_user(roles=["HR"]))
        failed, waiting = make_failed(), make_removal("cvs/b.pdf")

        page = self.run(client, failed, waiting)

        assert "1 file will be tried again now." in page
        assert "1 file had not failed: nothing was done there." in page
        assert failed in FileRemoval.objects.due()

    def test_needs_the_right_to_change_removals(self, client):
        user = make_user()
        user.user_permissions.add(Permission.objects.get(codename="view_fileremoval"))
        client.force_login(user)
        failed = make_failed()

        self.run(client, failed)

        assert failed not in FileRemoval.objects.due()
