"""One mailbox is one person, however its address is typed on a page or in a file."""

from pathlib import Path

import pytest
from django.urls import reverse

from intranet.access.models import PasswordLink
from intranet.outbox.models import Mail
from intranet.tables import read_csv
from intranet.tests.outbox import new_link
from intranet.tests.pages import confirmed, page, posted
from staff.exchange import PeopleResource
from staff.models import User
from staff.tests.factories import make_superuser, make_user
from staff.tests.people_pages import ADD
from staff.tests.spellings import SPELLINGS, STORED, UNSEEN
from staff.tests.tables import NEW, problems, run

pytestmark = pytest.mark.django_db


class TestForms:
    @pytest.fixture(autouse=True)
    def root(self, client):
        root = make_superuser()
        client.force_login(root)
        return root

    def add(self, client, address):
        names = {"first_name": "Ann", "last_name": "Alpha"}
        return confirmed(client, ADD, posted(client.get(ADD), email=address, **names), follow=True)

    def errors(self, response):
        return response.context["adminform"].form.errors["email"]

    @pytest.mark.parametrize("address", UNSEEN)
    def test_adding_names_what_nobody_sees(self, client, address):
        response = self.add(client, address)

        assert "There is a character nobody sees" in self.errors(response)[0]
        assert User.objects.count() == 1

    def test_adding_stores_one_spelling(self, client):
        self.add(client, SPELLINGS[0])

        assert User.objects.filter(email=STORED).exists()

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_adding_somebody_twice_is_refused(self, client, spelling):
        make_user("ann", email=STORED)

        response = self.add(client, spelling)

        assert self.errors(response) == ["Somebody with this e-mail address exists already."]

    def test_adding_an_impossible_domain_is_refused(self, client):
        response = self.add(client, "ann@i❤.ws")

        assert "There can be no “i❤.ws” after the @." in self.errors(response)

    @pytest.mark.parametrize("spelling", [SPELLINGS[0], UNSEEN[0]])
    def test_changing_is_as_strict(self, client, spelling):
        make_user("ann", email=STORED)
        eve = make_user("eve")

        response = confirmed(client, page(eve), posted(client.get(page(eve)), email=spelling))

        assert self.errors(response)
        assert User.objects.get(pk=eve.pk).email == "eve@example.com"

    def test_the_same_address_in_another_spelling_is_no_change(self, client):
        ann = make_user("ann", email=STORED)
        form = posted(client.get(page(ann)), email=SPELLINGS[0])

        confirmed(client, page(ann), form, follow=True)

        assert User.objects.get(pk=ann.pk).email == STORED


class TestForgottenPassword:
    @pytest.fixture
    def ann(self):
        ann = make_user("ann", email=STORED)
        Mail.objects.all().delete()
        return ann

    def ask(self, client, address):
        return client.post(reverse("admin_password_reset"), {"email": address}, follow=True)

    @pytest.mark.parametrize("spelling", [STORED, *SPELLINGS])
    def test_either_spelling_mails_the_one_person(self, client, ann, spelling):
        self.ask(client, spelling)

        assert Mail.objects.get().to == STORED

    def test_somebody_else_is_not_mailed(self, client):
        make_user("sharp", email="a@straße.de"), make_user("double", email="a@strasse.de")
        Mail.objects.all().delete()

        self.ask(client, "a@straße.de")

        assert Mail.objects.get().to == "a@straße.de"

    def test_the_page_names_what_nobody_sees(self, client, ann):
        response = self.ask(client, UNSEEN[0])

        assert "There is a character nobody sees" in response.content.decode()
        assert not Mail.objects.exists()

    def test_asking_is_limited_for_every_spelling_together(self, client, ann):
        for spelling in [STORED, *SPELLINGS]:
            self.ask(client, spelling)

        assert User.objects.get().password_link.mail is not None
        assert Mail.objects.count() == 1  # an unsent mail gives way to the next


class TestOpenLink:
    def test_another_spelling_ends_no_link(self):
        ann = make_user("ann", email=STORED)
        new_link(ann)
        ann.email = SPELLINGS[0]

        ann.save()

        assert PasswordLink.objects.get(user=ann).ended_at is None

    def test_another_address_ends_it(self):
        ann = make_user("ann", email=STORED)
        new_link(ann)
        ann.email = "ann@example.com"

        ann.save()

        assert PasswordLink.objects.get(user=ann).ended_at


class TestImport:
    def test_the_file_from_the_field_is_refused_in_words(self):
        table = read_csv((Path(__file__).parent / "zwsp-email.csv").read_bytes())

        result = PeopleResource().import_data(table)

        ((line, column, _, reason),) = problems(result)
        assert (line, column) == (2, "E-mail")
        assert "U+200B" in reason
        assert not User.objects.exists()

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_people_are_recognised_in_any_spelling(self, spelling):
        make_user("ann", email=STORED)

        run(NEW, f"{spelling},Ann,Alpha")

        assert User.objects.get().name == "Ann Alpha"
        assert User.objects.get().email == STORED

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_two_rows_for_one_mailbox_are_refused(self, spelling):
        result = run(NEW, f"{STORED},Ann,Alpha", f"{spelling},Ann,Alpha")

        ((line, column, _, reason),) = problems(result)
        assert (line, column) == (3, "E-mail")
        assert reason == "Line 2 has this e-mail address already."

    @pytest.mark.parametrize("spelling", SPELLINGS)
    def test_managers_are_found_in_any_spelling(self, spelling):
        boss, eve = make_user("ann", email=STORED), make_user("eve")

        run("E-mail,Manager", f"eve@example.com,{spelling}")

        eve.profile.refresh_from_db()
        assert eve.profile.manager == boss

    def test_a_manager_further_down_is_found_in_another_spelling(self):
        run(
            f"{NEW},Manager",
            f"eve@example.com,Eve,Beta,{SPELLINGS[0]}",
            f"{STORED},Ann,Alpha,",
        )

        eve = User.objects.get(email="eve@example.com")
        assert eve.profile.manager.email == STORED

    def test_nobody_is_their_own_manager_in_another_spelling(self):
        result = run(f"{NEW},Manager", f"{STORED},Ann,Alpha,{SPELLINGS[0]}")

        assert problems(result)[0][3] == "Nobody is their own manager."
