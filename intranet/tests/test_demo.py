from io import BytesIO, StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings
from PIL import Image
from pypdf import PdfReader

from documents.models import Document, Post
from intranet import attention
from intranet.models import Trouble
from intranet.outbox.models import Mail, Notice
from intranet.tests.fixtures import PASSWORD_HASHERS
from staff.models import Department, Profile

pytestmark = pytest.mark.django_db
User = get_user_model()


@pytest.fixture(scope="class")
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    """Fill the demo once for a class of tests; yield what it printed and the folder of files."""
    folder, out = tmp_path_factory.mktemp("demo"), StringIO()
    facts = {"MEDIA_ROOT": str(folder), "SITE_URL": "https://intranet.test"}
    site = override_settings(**facts, PASSWORD_HASHERS=PASSWORD_HASHERS)
    with django_db_blocker.unblock(), site, transaction.atomic():
        call_command("demo", verbosity=0, stdout=out)
        yield out.getvalue(), folder
        transaction.set_rollback(True)


@pytest.fixture
def filled(demo, settings):
    """Return what filling the demo printed."""
    printed, folder = demo
    settings.MEDIA_ROOT = str(folder)
    return printed


def password_of(username, printed):
    line = next(line for line in printed.splitlines() if line.split()[:1] == [username])
    return line.split()[1]


@pytest.mark.xdist_group("demo")
@pytest.mark.slow
class TestFilled:
    def test_fills_departments_with_people(self, filled):
        people = User.objects.filter(is_superuser=False)

        assert Department.objects.exclude(head=None).exclude(groups=None).count() == 6
        assert people.count() == 60
        assert people.filter(is_active=False, profile__departed_at__isnull=False).count() == 4
        assert "60 people in 7 departments" in filled

    def test_everybody_has_a_filled_profile_and_an_address_that_cannot_exist(self, filled):
        profiles = Profile.objects.exclude(user__username="admin").select_related("user")

        assert profiles.filter(department=None).count() == 1
        assert all(
            profile.job_title
            and profile.started_on
            and profile.phone.startswith("01632 960")
            and profile.user.email.endswith("@example.com")
            for profile in profiles
        )

    def test_what_failed_is_said_in_plain_words(self, filled):
        assert Trouble.objects.get().error == "The database was busy."

    def test_photos_are_different_pictures(self, filled):
        photos = [profile.photo.read() for profile in Profile.objects.exclude(photo="")]

        assert len(set(photos)) == 60
        assert Image.open(BytesIO(photos[0])).size == (256, 256)

    def test_cvs_can_be_opened_and_name_their_owner(self, filled):
        cvs = Document.objects.current().filter(kind="cv").select_related("owner")

        assert cvs.count() == 59
        for cv in cvs[:5]:
            assert cv.owner.name in PdfReader(cv.file).pages[0].extract_text()

    def test_posts_are_past_current_and_to_come(self, filled):
        assert Post.objects.ended().exists()
        assert Post.objects.scheduled().exists()
        assert Post.objects.live().filter(pinned=True).exists()
        assert Post.objects.exclude(audience=None).exists()

    def test_printed_passwords_open_the_accounts(self, filled, client):
        hr = User.objects.get(groups__name="HR")

        for username in ("admin", hr.username):
            assert client.login(username=username, password=password_of(username, filled))

    def test_the_doctor_finds_nothing_broken(self, filled):
        call_command("doctor", verbosity=0)

    def test_nobody_is_mailed_or_told(self, filled):
        assert not Mail.objects.exclude(status__in=["sent", "failed"]).exists()
        assert not Notice.objects.exists()

    def test_shows_all_that_can_need_attention_where_the_doctor_finds_nothing(self, filled, client):
        client.force_login(root := User.objects.get(username="admin"))
        found = {it["item"].key: it for it in client.get("/admin/").context["attention"]}

        # Of these the doctor knows, too.
        broken = {"rows_without_file", "told_by_mail_alone", "worker"}
        assert found.keys() == {it.key for it in attention.items()} - broken
        for it in found.values():
            if not it["item"].page:
                shown = client.get(it["url"]).context["cl"]
                assert shown.result_count == it["count"] == it["item"].rows(root).count()

    def test_second_run_adds_nothing_and_keeps_passwords(self, filled, capsys):
        before = list(User.objects.order_by("pk").values_list("username", "password"))

        call_command("demo", verbosity=0)

        assert list(User.objects.order_by("pk").values_list("username", "password")) == before
        assert "nothing was added and no password changed" in capsys.readouterr().out


@pytest.mark.slow
class TestCommand:
    def test_given_password_is_used_and_not_shown(self, monkeypatch, capsys, client):
        monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "given-by-hand")

        call_command("demo", verbosity=0)

        assert client.login(username="admin", password="given-by-hand")
        assert "given-by-hand" not in capsys.readouterr().out

    def test_existing_superuser_keeps_the_password(self, client):
        User.objects.create_superuser("admin", "me@example.org", "mine")

        call_command("demo", verbosity=0)

        assert client.login(username="admin", password="mine")

    def test_production_is_refused(self, settings):
        settings.PRODUCTION = True

        with pytest.raises(CommandError, match="--force"):
            call_command("demo")

        assert not User.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_failure_leaves_nothing(self, monkeypatch):
        def fail(progress):
            raise OSError("disk full")

        monkeypatch.setattr("documents.demo.fill", fail)

        with pytest.raises(OSError, match="disk full"):
            call_command("demo", verbosity=0)

        assert not User.objects.exists()
