import shutil
import subprocess

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.template import Context, Template
from django.urls import reverse
from django.utils.text import capfirst

from intranet.languages import speaking
from intranet.models import SavedView
from intranet.outbox.models import Notice
from intranet.trace.phrases import Phrase, counted_rows, nphrase
from intranet.wording import counted, when_files_go
from staff.models import User
from staff.tests.factories import make_superuser

PEOPLE = "/admin/staff/user/"
CATALOGUE = settings.BASE_DIR / "intranet/locale/en_GB/LC_MESSAGES/django.po"


class TestWhenFilesGo:
    @pytest.mark.parametrize(
        ("grace", "when"),
        [
            (0, "once this is done"),
            (30, "within a minute of this"),
            (60, "1 minute after this"),
            (3600, "1 hour after this"),
            (5400, "1 hour, 30 minutes after this"),
            (172800, "2 days after this"),
        ],
    )
    def test_follows_the_setting(self, settings, grace, when):
        settings.FILE_REMOVAL_GRACE = grace

        assert when_files_go() == when


class TestNumbers:
    SAID = [("en-gb", "3,000 people"), ("de", "3.000 Personen"), ("fr", "3\xa0000 personnes")]

    @pytest.mark.parametrize(("language", "said"), SAID)
    def test_are_written_in_the_style_of_the_language(self, language, said):
        with speaking(language):
            number = Template("{{ number }}").render(Context({"number": 3000}))
            names = User._meta.verbose_name, User._meta.verbose_name_plural

            assert str(counted_rows(User, 3000)) == said
            assert counted(3000, *names) == said
            assert number == said.split(" ")[0]

    def test_are_so_in_sentences_that_were_kept(self):
        kept = Phrase("%(count)d mail on its way", {}, "%(count)d mails on their way", 3000)

        assert str(kept) == "3,000 mails on their way"

    def test_are_so_where_they_come_after_the_sentence(self):
        says = nphrase("%(count)d mail on its way", "%(count)d mails on their way")

        assert str(says.of(1)) == "1 mail on its way"
        assert str(says.of(3000)) == "3,000 mails on their way"

    @pytest.mark.django_db
    def test_stay_keys_where_they_are_keys(self, client):
        client.force_login(make_superuser())
        root = User.objects.get()
        SavedView.objects.create(
            id=5000, person=root, page="staff.user", name="Mine", query="q=ada"
        )

        assert 'name="filter" value="5000"' in client.get(PEOPLE).content.decode()


class TestCatalogue:
    @pytest.mark.skipif(not shutil.which("msgfmt"), reason="gettext is not installed")
    def test_is_compiled(self, tmp_path):
        compiled = tmp_path / "django.mo"

        subprocess.run(["msgfmt", "--check", "-o", compiled, CATALOGUE], check=True)

        said = "The catalogue was changed: its first lines say how to compile it."
        assert compiled.read_bytes() == CATALOGUE.with_suffix(".mo").read_bytes(), said

    def test_says_sign_in_where_django_says_log_in(self):
        name = get_user_model()._meta.get_field("last_login").verbose_name

        assert capfirst(name) == "Last sign-in"

    @pytest.mark.django_db
    def test_a_failed_sign_in_speaks_of_no_staff_account(self, client):
        data = {"username": "nobody", "password": "wrong"}

        html = client.post(reverse("admin:login"), data).content.decode()

        assert "do not belong to somebody who can sign in" in html
        assert "staff account" not in html
        assert "Log in" not in html

    @pytest.mark.django_db
    def test_an_empty_list_does_not_offer_what_nobody_can_do(self, client):
        client.force_login(make_superuser())
        Notice.objects.all().delete()

        html = client.get(reverse("admin:intranet_notice_changelist")).content.decode()

        assert "There is nothing here" in html
        assert "Create a new item" not in html
