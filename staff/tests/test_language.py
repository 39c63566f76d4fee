from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from intranet.languages import speaking
from intranet.models import Action
from intranet.outbox.models import Mail
from intranet.outbox.notices import notify_admins
from intranet.trace.action import batched
from staff.admin.displays import last_seen
from staff.models import Department, User

from .factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
PAGE = reverse("language")


def language_of(client, **headers) -> str:
    return client.get(reverse("admin:index"), headers=headers).headers["Content-Language"]


class TestPages:
    @pytest.mark.parametrize(
        ("asks", "gets"),
        [("de-AT,en;q=0.5", "de"), ("fr", "fr"), ("en-US,en", "en-gb"), ("zh", "en-gb")],
    )
    def test_come_in_the_language_of_the_browser(self, client, asks, gets):
        client.force_login(make_user())

        assert language_of(client, accept_language=asks) == gets

    def test_come_in_the_language_that_the_person_chose(self, client):
        client.force_login(make_user(language="fr"))

        assert language_of(client, accept_language="de") == "fr"

    @pytest.mark.parametrize(
        ("language", "says"), [("de", "3\xa0Tage her"), ("fr", "il y a 3\xa0jours")]
    )
    def test_say_in_right_words_how_long_ago_something_was(self, language, says):
        user = make_user(last_login=timezone.now() - timedelta(days=3, hours=1))

        with speaking(language):
            assert last_seen(user) == says

    def test_do_not_break_over_a_language_that_is_no_more(self, client):
        client.force_login(make_user(language="xx"))

        assert client.get(reverse("admin:index")).status_code == 200

    def test_before_signing_in_are_the_browsers(self, client):
        page = client.get(reverse("admin:login"), headers={"accept-language": "de"})

        assert '<html lang="de"' in page.content.decode()


class TestChoosing:
    def test_is_for_everybody_and_only_for_oneself(self, client):
        ada, bob = make_user("ada"), make_user("bob")
        client.force_login(ada)

        client.post(PAGE, {"language": "de", "is_superuser": "on", "pk": bob.pk})

        languages = User.objects.values_list("username", "language", "is_superuser")
        assert {*languages} == {("ada", "de", False), ("bob", "", False)}
        assert Action.objects.filter(actor=ada, changes__values__has_key="language").exists()

    def test_can_be_left_to_the_browser_again(self, client):
        client.force_login(make_user(language="de"))

        client.post(PAGE, {"language": ""})

        assert language_of(client, accept_language="fr") == "fr"

    def test_takes_no_language_that_there_is_not(self, client):
        ada = make_user()
        client.force_login(ada)

        page = client.post(PAGE, {"language": "tlh"})

        assert page.status_code == 200
        assert not User.objects.get(pk=ada.pk).language


class TestMails:
    def test_are_in_the_language_of_whoever_gets_them(self):
        make_superuser("ada", language="de")
        make_superuser("bob", language="fr")
        make_superuser("eve")
        Mail.objects.all().delete()

        notify_admins("Ada left")

        assert {*Mail.objects.values_list("to", "language")} == {
            ("ada@example.com", "de"),
            ("bob@example.com", "fr"),
            ("eve@example.com", "en-gb"),
        }

    def test_of_welcome_and_farewell_are(self):
        ada = make_user("ada", language="de")
        ada.delete()

        assert {*Mail.objects.filter(to=ada.email).values_list("template", "language")} == {
            ("welcome", "de"),
            ("farewell", "de"),
        }

    @pytest.mark.parametrize(("chose", "gets"), [("fr", "fr"), ("", "de")])
    def test_with_a_link_are_in_that_of_who_asked_if_they_chose_none(self, client, chose, gets):
        ada = make_user(language=chose)

        client.post(
            reverse("admin_password_reset"),
            {"email": ada.email},
            headers={"accept-language": "de"},
        )

        assert Mail.objects.get(template="password_reset").language == gets


def test_notices_are_said_once_for_each_language(django_assert_max_num_queries):
    for number in range(4):
        make_superuser(f"root{number}", language="de" if number % 2 else "")
    said = []

    notify_admins(lambda: said.append(1) or "Ada left")

    assert len(said) == 3  # and for the log


class TestHistory:
    def test_is_told_in_the_language_of_whoever_reads_it(self, client):
        root = make_superuser(language="de")
        client.force_login(root)
        with batched() as act:
            Department.objects.create(name="Sales")
        action = Action.objects.get(pk=act.id)

        with speaking("de"):
            said = action.words
        with speaking("fr"):
            assert action.words != said

        assert action.words == action.summary == "Department “Sales” created"

    def test_names_what_was_chosen_in_the_language_of_whoever_reads_it(self, client):
        client.force_login(make_superuser(language="de"))
        page, chosen = reverse("admin:staff_user_changelist"), make_user("ada").pk
        asked = {"action": "deactivate", "_selected_action": chosen}
        shown = client.post(page, asked).context

        client.post(page, {**asked, "post": "yes", "_said": shown["plan"].token()})

        assert shown["title"] == "Deaktivieren"
        action = Action.objects.first()
        assert action.words == "Deactivate: ada is inactive now"
        with speaking("de"):
            assert action.words.startswith("Deaktivieren: ")

    def test_of_old_actions_stands_as_it_was_written(self):
        action = Action(summary="Ada came: 100 % sure.")

        with speaking("de"):
            assert action.words == "Ada came: 100 % sure."


def test_a_failed_sign_in_speaks_of_no_staff_account_in_german_either(client):
    data = {"username": "nobody", "password": "wrong"}

    page = client.post(reverse("admin:login"), data, headers={"accept-language": "de"})

    assert "gehören zu niemandem, der sich anmelden kann" in page.content.decode()
