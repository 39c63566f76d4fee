import os
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from documents.models import Document, Post
from documents.tests.copies import empty_site, read, run, write
from documents.tests.factories import jpeg_bytes, make_document, make_post
from intranet.access.models import PasswordLink
from intranet.access.password_links import mail_link
from intranet.files import backup, marker
from intranet.files.disk import DiskStorage
from intranet.files.listing import stored_files
from intranet.files.models import FileRemoval, Identity
from intranet.management.commands import restore as restoring
from intranet.outbox.delivery import deliver_due
from intranet.outbox.models import Mail
from intranet.tests.outbox import send
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def fill():
    """Give the site a person with a paper and a photo."""
    owner = make_user("ada", roles=["HR"])
    make_document(owner, title="Ada's CV")
    owner.profile.photo.save("face.jpg", ContentFile(jpeg_bytes()))
    Mail.objects.all().delete()


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker, tmp_path_factory):
    """A copy of the filled site, made once; the site is empty afterwards."""
    folder = tmp_path_factory.mktemp("made")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=str(folder / "media")):
        fill()
        call_command("backup", str(folder / "copy"), verbosity=0)
        for model in (User, Mail, FileRemoval):
            model.objects.all().delete()
    return folder / "copy"


@pytest.fixture
def whole(made, tmp_path):
    """A copy to play with."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


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


@pytest.fixture
def restore(capsys):
    return lambda directory, *options: run(capsys, "restore", directory, *options)


def files():
    return sorted(stored_files(default_storage))


def is_empty():
    return not (User.objects.exists() or Document.objects.exists() or files())


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


def cut(copy):
    target = next(copy.glob("files/default/cvs/*"))
    target.write_bytes(target.read_bytes()[:-1])


def change_a_bit(copy):
    target = next(copy.glob("files/default/photos/*"))
    content = target.read_bytes()
    target.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def lose_a_file(copy):
    next(copy.glob("files/default/cvs/*")).unlink()


def cut_the_database(copy):
    target = next(copy.glob("database.*"))
    os.truncate(target, target.stat().st_size - 100)


def lose_the_database(copy):
    next(copy.glob("database.*")).unlink()


def lose_the_manifest(copy):
    (copy / "manifest.json").unlink()


def cut_the_manifest(copy):
    os.truncate(copy / "manifest.json", 100)


def replace_the_manifest(copy):
    (copy / "manifest.json").write_text("[]")


def link_a_file(copy):
    target = next(copy.glob("files/default/cvs/*"))
    moved = target.rename(copy.parent / "elsewhere.pdf")
    target.symlink_to(moved)


def link_the_files(copy):
    moved = (copy / "files").rename(copy.parent / "elsewhere")
    (copy / "files").symlink_to(moved)


@pytest.mark.django_db
class TestDamagedCopy:
    @pytest.mark.parametrize(
        "damage",
        [
            cut,
            change_a_bit,
            lose_a_file,
            cut_the_database,
            lose_the_database,
            lose_the_manifest,
            cut_the_manifest,
            replace_the_manifest,
            link_a_file,
            link_the_files,
        ],
    )
    def test_is_refused_and_nothing_is_touched(self, whole, restore, damage):
        damage(whole)

        status, printed = restore(whole)

        assert status == 1
        assert "The copy is not whole" in printed or "is no finished copy" in printed
        assert is_empty()

    def test_a_directory_that_is_not_there(self, tmp_path, restore):
        status, printed = restore(tmp_path / "nothing")

        assert status == 1
        assert "is no finished copy" in printed

    @pytest.mark.parametrize(
        ("label", "name"),
        [
            ("default", "../../outside.txt"),
            ("default", "/etc/hostname"),
            ("default", "cvs/../../../outside.txt"),
            ("default", ".."),
            ("default", "a\0b"),
            ("../..", "outside.txt"),
            ("/etc", "hostname"),
            ("nowhere", "cvs/a.pdf"),
        ],
    )
    def test_a_name_that_leads_out_is_refused(self, whole, restore, label, name):
        (whole.parent / "outside.txt").write_text("x")
        facts = read(whole)
        facts["files"].setdefault(label, {})[name] = [1, "2d711642"]
        write(whole, facts)

        status, printed = restore(whole)

        assert (status, is_empty()) == (1, True), printed
        assert "in use" not in printed

    def test_a_copy_of_another_engine(self, whole, restore):
        write(whole, read(whole) | {"engine": "oracle"})

        status, printed = restore(whole)

        assert status == 1
        assert f"The copy is of oracle, but this site uses {connection.vendor}." in printed

    def test_a_copy_of_a_newer_version(self, whole, restore):
        facts = read(whole)
        write(whole, facts | {"migrations": [*facts["migrations"], ["documents", "0999_new"]]})

        status, printed = restore(whole)

        assert status == 1
        assert "documents.0999_new" in printed
        assert is_empty()


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


def replace_the_database(copy):
    """Put something else into a copy, with a manifest that vouches for it."""
    facts = read(copy)
    database = next(copy.glob("database.*"))
    database.write_bytes(b"no database at all" * 1000)
    write(copy, facts | {"database": backup.describe(database)})


class TestFailure:
    def test_of_loading_leaves_the_site_empty(self, whole, restore):
        replace_the_database(whole)

        try:
            status, printed = restore(whole)
        finally:
            call_command("migrate", verbosity=0)

        assert status == 1
        assert "database" in printed or "archive" in printed
        assert is_empty()

    def test_of_the_database_takes_the_files_back(self, whole, restore, monkeypatch):
        def fail(source):
            raise CommandError("The database cannot be loaded.")

        monkeypatch.setattr(backup, "load", fail)

        assert restore(whole)[0] == 1
        assert is_empty()

    @pytest.mark.parametrize("error", [RuntimeError("A migration failed."), KeyboardInterrupt()])
    def test_after_the_database_says_not_to_start_the_worker(
        self, error, whole, restore, monkeypatch
    ):
        def fail(*args, **options):
            raise error

        monkeypatch.setattr(restoring, "call_command", fail)

        status, printed = restore(whole)

        assert status == 1
        assert f"{type(error).__name__}: {error}" in printed
        assert "do not start the worker" in printed

    def test_of_the_store_leaves_the_database_empty(self, whole, restore, monkeypatch):
        """A store that keeps something else than it was given."""
        save = DiskStorage._save

        def save_badly(storage, name, content):
            return save(storage, name, ContentFile(b"x"))

        monkeypatch.setattr(DiskStorage, "_save", save_badly)

        status, printed = restore(whole)

        assert status == 1
        assert "could not be stored as it is in the copy" in printed
        assert is_empty()

    def test_a_row_without_a_file_is_found_afterwards(self, whole, restore):
        facts = read(whole)
        name = next(iter(facts["files"]["default"]))
        del facts["files"]["default"][name]
        write(whole, facts)

        status, printed = restore(whole)

        assert status == 1
        assert "The site is restored, but not whole" in printed
        assert f"{name} of" in printed


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
