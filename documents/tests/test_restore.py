"""A copy is brought back into an empty site, with what was left open in it closed."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from documents.models import Document, Post
from documents.tests.copies import empty_site, files, fill, read, run
from documents.tests.factories import make_document, make_post
from intranet.access.models import PasswordLink
from intranet.access.password_links import mail_link
from intranet.files import marker
from intranet.files.models import Identity
from intranet.management.commands import restore as restoring
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.outbox import send
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def copy(tmp_path):
    """Fill the site; return where its copy goes."""
    fill()
    return tmp_path / "copy"


@pytest.fixture
def back_up(copy, capsys):
    """Return a function that makes the copy and empties the site."""

    def make():
        assert run(capsys, "backup", copy)[0] == 0
        empty_site()

    return make


class TestWholeCopy:
    def test_brings_rows_and_files_back(self, whole, restore):
        status, printed = restore(whole)

        paper = Document.objects.get(title="Ada's CV")
        assert status == 0, printed
        assert files() == sorted([paper.file.name, paper.owner.profile.photo.name])
        assert restoring.checksum(default_storage, paper.file.name) == paper.sha256
        assert set(paper.owner.groups.values_list("name", flat=True)) == {"HR", "User"}
        assert "2 files" in printed

    def test_the_site_goes_on_from_there(self, whole, restore):
        restore(whole)

        make_document(make_user("bob"))

        assert Document.objects.count() == 2

    def test_into_a_database_without_tables(self, whole, restore):
        if connection.vendor == "sqlite":
            pytest.skip("the test database is in memory; the processes of test_backup_load do it")
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

        try:
            status, printed = restore(whole)
        finally:
            call_command("migrate", verbosity=0)

        assert status == 0, printed
        assert Document.objects.count() == 1

    def test_a_copy_can_be_restored_and_copied_again(self, whole, restore, tmp_path, capsys):
        restore(whole)

        assert run(capsys, "backup", tmp_path / "second")[0] == 0
        assert read(tmp_path / "second")["files"] == read(whole)["files"]

    def test_an_older_copy_is_migrated(self, copy, restore, capsys):
        try:
            call_command("migrate", "documents", "0003", verbosity=0)
            assert run(capsys, "backup", copy)[0] == 0
            call_command("migrate", verbosity=0)
            empty_site()

            status, printed = restore(copy)
        finally:
            call_command("migrate", verbosity=0)

        assert status == 0, printed
        assert ["documents", "0004_identity"] not in read(copy)["migrations"]
        assert Identity.objects.exists()

    def test_the_store_is_tied_to_an_identity_of_its_own(self, copy, back_up, restore):
        marker.retie()
        before = Identity.objects.get(pk=1).value
        back_up()

        restore(copy)

        assert Identity.objects.get(pk=1).value != before
        assert marker.is_tied(default_storage)

    def test_a_sweep_finds_nothing(self, whole, restore, capsys):
        restore(whole)

        assert run(capsys, "sweep_files", "--min-age=0")[0] == 0


class TestOnlyIntoAnEmptySite:
    def test_not_where_people_are(self, copy, capsys, restore):
        run(capsys, "backup", copy)

        status, printed = restore(copy)

        assert status == 1
        assert "The site is not empty" in printed

    @pytest.mark.parametrize("make", [make_superuser, make_post])
    def test_not_where_anything_is(self, whole, restore, make):
        made = make()

        status, printed = restore(whole)

        assert status == 1
        assert "The site is not empty" in printed
        assert type(made).objects.get() == made
        assert not files()

    def test_not_into_a_store_with_files(self, whole, restore):
        default_storage.save("cvs/other.pdf", ContentFile(b"somebody's"))

        status, printed = restore(whole)

        assert status == 1
        assert "is not empty: 1 file" in printed
        assert files() == ["cvs/other.pdf"]
        assert not User.objects.exists()

    def test_the_marker_of_an_unused_site_does_not_count(self, whole, restore):
        marker.retie()

        assert restore(whole)[0] == 0


class TestIncompleteCopy:
    def test_is_restored_as_far_as_it_goes(self, copy, capsys, restore):
        lost = make_document(User.objects.get(username="ada"))
        default_storage.delete(lost.file.name)
        assert run(capsys, "backup", copy)[0] == 1
        empty_site()

        status, printed = restore(copy)

        assert status == 1
        row = f"documents.Document.file {lost.pk} (ada, cv.pdf)"
        assert f"{lost.file.name} of {row}: it is missing" in printed
        assert "not whole" in printed
        assert len(files()) == 2


class TestMails:
    @pytest.fixture
    def waiting(self, copy):
        send([EmailMessage("Hello", "Text", to=[f"p{n}@example.com"]) for n in range(3)])
        lease_that_is_over = {"status": Mail.Status.SENDING, "lapsed": True}
        Mail.objects.filter(to="p1@example.com").update(**lease_that_is_over)
        Mail.objects.filter(to="p2@example.com").update(status=Mail.Status.SENT)

    def test_that_waited_are_held(self, copy, waiting, back_up, restore, mailoutbox):
        back_up()

        _, printed = restore(copy)
        deliver_due()

        held = Mail.objects.filter(status=Mail.Status.FAILED)
        assert set(held.values_list("to", flat=True)) == {"p0@example.com", "p1@example.com"}
        assert all(mail.error.startswith("Held") and mail.message for mail in held)
        assert "2 waiting mails held" in printed
        assert not mailoutbox

    def test_a_post_that_went_live_meanwhile_is_not_mailed(self, copy, back_up, restore):
        post = make_post(starts=1, mail_audience=True)
        later = make_post(starts=1, mail_audience=True)
        Post.objects.filter(pk=post.pk).update(publish_at=timezone.now())
        back_up()

        _, printed = restore(copy)

        assert not Post.objects.due_for_mail().exists()
        assert Post.objects.get(pk=later.pk).mail_audience
        assert "1 post that went live" in printed


class TestAccess:
    def test_nobody_is_signed_in(self, copy, back_up, restore):
        client = Client()
        client.force_login(User.objects.get(username="ada"))
        back_up()

        restore(copy)

        assert not Session.objects.exists()
        assert client.get(reverse("admin:index")).status_code == 302

    def test_links_to_set_a_password_are_dead(self, copy, back_up, restore):
        mail_link("password_reset", User.objects.get(username="ada"))
        link = PasswordLink.objects.get(user__username="ada")
        back_up()

        _, printed = restore(copy)

        assert PasswordLink.objects.get(pk=link.pk).ended_at
        assert not Mail.objects.filter(pk=link.mail_id).exists()
        assert "1 open link to set a password ended" in printed

    def test_whoever_lost_access_since_is_pointed_out(self, whole, restore):
        assert "Who lost access or rights since then has them again" in restore(whole)[1]


def test_groups_that_migrate_made_are_no_obstacle(whole, restore):
    assert Group.objects.exists()
    assert restore(whole)[0] == 0
    assert Path(whole, "manifest.json").exists()
