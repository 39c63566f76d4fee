"""The record of sign-ins, and the end of sessions."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from intranet.signals import work_due
from intranet.tests.pages import confirmed, confirming, page
from staff import leaving, sessions, sign_ins
from staff.models import SignIn, User
from staff.receivers import end_sessions, forget_old_sign_ins, record_sign_out
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
PEOPLE = reverse("admin:staff_user_changelist")
SIGN_INS = reverse("admin:staff_signin_changelist")
LOGIN = reverse("admin:login")


def sign_in(client, username="ada", password="secret", **options):
    return client.post(LOGIN, {"username": username, "password": password}, **options)


def is_open(client):
    return client.get(reverse("admin:index")).status_code == 200


def session_of(user):
    client = Client()
    client.force_login(user)
    return client


def kinds():
    return [row.kind for row in SignIn.objects.order_by("pk")]


@pytest.fixture
def hr():
    return make_user("hazel", roles=["HR"])


class TestRecordSignIn:
    def test_who_when_and_from_where(self, client):
        ada = make_user("ada")

        sign_in(client, headers={"user-agent": "Lynx/2.9"}, REMOTE_ADDR="192.0.2.7")

        row = SignIn.objects.get()
        assert (row.user, row.kind, row.username) == (ada, "in", "ada")
        assert (row.address, row.user_agent) == ("192.0.2.7", "Lynx/2.9")

    def test_nothing_without_signing_in(self, client):
        client.get(LOGIN)

        assert not SignIn.objects.exists()


class TestRecordSignOut:
    def test_it_is_recorded(self, client):
        make_user("ada")
        sign_in(client)

        client.post(reverse("admin:logout"))

        assert kinds() == ["in", "out"]

    def test_nothing_when_nobody_was_signed_in(self, client):
        client.post(reverse("admin:logout"))
        record_sign_out(sender=None, request=None, user=None)

        assert not SignIn.objects.exists()


class TestRecordFailedSignIn:
    def test_a_known_name_belongs_to_the_person(self, client):
        ada = make_user("ada")

        sign_in(client, password="pear tree lane 7")

        row = SignIn.objects.get()
        assert (row.user, row.kind) == (ada, "failed")
        assert "pear" not in str(SignIn.objects.values())

    def test_an_unknown_name_is_kept_as_typed(self, client):
        sign_in(client, "nobody")

        row = SignIn.objects.get()
        assert (row.user, row.username) == (None, "nobody")

    def test_what_is_too_long_or_broken_is_cut(self):
        sign_ins.record_failure("x\0" * 500, None)

        assert SignIn.objects.get().username == "x" * 150

    def test_attempts_that_were_held_up_leave_nothing(self, client):
        make_user("ada")

        for _ in range(8):
            sign_in(client, password="wrong")

        assert kinds() == ["failed"] * 5


class TestForgetOldSignIns:
    def test_what_is_older_than_the_setting_goes(self, settings):
        settings.SIGN_IN_KEEP_DAYS = 30
        for days in (29, 31):
            SignIn.objects.create(username=str(days), at=timezone.now() - timedelta(days=days))

        work_due.send(sender=None)

        assert SignIn.objects.get().username == "29"

    def test_of_unknown_names_only_the_newest_stay(self, monkeypatch):
        monkeypatch.setattr(sign_ins, "UNKNOWN_KEPT", 2)
        ada = make_user("ada")
        for user in (ada, None, None, None):
            SignIn.objects.create(user=user, username="x")
        oldest = SignIn.objects.filter(user=None).earliest("pk")

        forget_old_sign_ins(sender=None)

        assert not SignIn.objects.filter(pk=oldest.pk).exists()
        assert ada.sign_ins.count() == 1

    def test_nothing_is_done_when_nothing_is_old(self):
        SignIn.objects.create(username="x")

        assert forget_old_sign_ins(sender=None) == 0
        assert SignIn.objects.exists()


class TestEndSessions:
    @pytest.mark.parametrize("field", ["is_active", "is_staff"])
    def test_losing_sign_in_ends_them_for_good(self, field):
        ada = make_user("ada")
        client = session_of(ada)

        for value in (False, True):
            setattr(ada, field, value)
            ada.save(update_fields=[field])

        assert not is_open(client)
        assert is_open(session_of(ada))

    def test_leaving_and_coming_back_does(self):
        ada = make_user("ada")
        client = session_of(ada)

        leaving.plan(ada, timezone.localdate())
        leaving.bring_back(ada)

        assert not is_open(client)

    def test_a_new_password_ends_the_others(self):
        ada = make_user("ada")
        here, elsewhere = session_of(ada), session_of(ada)
        new = {"new_password1": "pear tree lane 7", "new_password2": "pear tree lane 7"}

        here.post(reverse("admin:password_change"), {"old_password": "secret", **new})

        assert is_open(here)
        assert not is_open(elsewhere)

    def test_another_change_leaves_them_open(self):
        ada = make_user("ada")
        client = session_of(ada)

        ada.first_name = "Ada"
        ada.save()

        assert is_open(client)

    @pytest.mark.parametrize("ended", [False, True])
    def test_a_new_secret_key_neither_ends_nor_opens_any(self, settings, ended):
        ada = make_user("ada")
        sessions.end(ada)
        client = session_of(ada)
        if ended:
            sessions.end(ada)

        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another"

        assert is_open(client) is not ended

    def test_loaddata_ends_nothing(self):
        ada = make_user("ada")
        ada.is_active = False

        end_sessions(User, ada, raw=True, using="default", update_fields=None)

        assert User.objects.get().sessions_ended_at is None

    def test_a_change_that_is_rolled_back_leaves_them_open(self):
        client = session_of(make_user("ada"))
        with transaction.atomic():
            ada = User.objects.get()
            ada.is_active = False
            ada.save()
            transaction.set_rollback(True)

        assert is_open(client)


class TestSignOutEverywhere:
    def act(self, client, *people, **values):
        return confirmed(client, PEOPLE, self.chosen(*people) | values, follow=True)

    def chosen(self, *people):
        keys = [person.pk for person in people]
        return {"action": "sign_out_everywhere", "_selected_action": keys}

    def test_it_ends_the_sessions_of_all_chosen(self, hr):
        people = [make_user("ada"), make_user("eve")]
        clients = [session_of(person) for person in people]
        office = session_of(hr)

        asked = office.post(PEOPLE, self.chosen(*people))
        before = [is_open(client) for client in clients]
        self.act(office, *people, post="yes")

        ends = "Changed: 2 people, Sessions ended: nothing → now: ada, eve"
        assert asked.context["plan"].lines == [ends]
        assert before == [True, True]
        assert [is_open(client) for client in clients] == [False, False]

    @pytest.mark.django_db(transaction=True)
    def test_ones_own_session_stays_where_one_sits(self, hr):
        here, elsewhere = session_of(hr), session_of(hr)

        self.act(here, hr, post="yes")

        assert is_open(here)
        assert not is_open(elsewhere)

    def test_ones_own_session_stays_when_it_is_taken_back(self, hr):
        here, ada = session_of(hr), make_user("ada")
        asked = here.post(PEOPLE, self.chosen(hr, ada))
        User.objects.filter(pk=ada.pk).update(first_name="Adele")

        again = here.post(PEOPLE, self.chosen(hr, ada) | confirming(asked) | {"post": "yes"})

        assert (again.status_code, is_open(here)) == (200, True)

    def test_hr_does_not_sign_superusers_out(self, hr):
        root = make_superuser()
        client = session_of(root)

        self.act(session_of(hr), root, post="yes")
        url = reverse("admin:staff_user_sign_person_out_everywhere", args=[root.pk])
        confirmed(session_of(hr), url, {"post": "yes"})

        assert is_open(client)

    def test_it_is_on_the_page_of_the_person(self, hr):
        ada = make_user("ada")
        client = session_of(ada)
        url = reverse("admin:staff_user_sign_person_out_everywhere", args=[ada.pk])
        office = session_of(hr)

        shown = url in office.get(page(ada)).content.decode()
        office.get(url)
        before = is_open(client)
        confirmed(office, url, {"post": "yes"})

        assert shown
        assert before
        assert not is_open(client)

    def test_anybody_can_do_it_for_themselves(self):
        ada = make_user("ada")
        here, elsewhere = session_of(ada), session_of(ada)
        url = reverse("sign_out_everywhere")

        offered = url in here.get(reverse("admin:index")).content.decode()
        here.get(url)
        before = is_open(elsewhere)
        done = here.post(url)

        assert offered
        assert before
        assert "You are signed out" in done.content.decode()
        assert not is_open(elsewhere)
        assert not is_open(here)

    def test_it_changes_nothing_else(self):
        ada = make_user("ada")

        sessions.end(ada)

        assert Client().login(username="ada", password="secret")


class TestPages:
    def test_the_person_shows_the_newest(self, hr):
        ada = make_user("ada")
        for number in range(25):
            SignIn.objects.create(user=ada, username="ada", user_agent=f"Browser {number}.")

        content = session_of(hr).get(page(ada)).content.decode()

        assert content.count("Browser ") == 20
        assert "Browser 24." in content
        assert f"{SIGN_INS}?user__id__exact={ada.pk}" in content

    def test_only_for_those_who_may_see_them(self, hr):
        viewer = make_user("viewer")
        viewer.user_permissions.add(
            *hr.groups.get(name="HR").permissions.filter(codename="view_user")
        )
        ada = make_user("ada")

        content = session_of(viewer).get(page(ada)).content.decode()

        assert "Sign-ins" not in content

    @pytest.mark.parametrize(("roles", "status"), [([], 403), (["Editors"], 403), (["HR"], 200)])
    def test_the_list_of_all_is_for_hr(self, roles, status):
        client = session_of(make_user(roles=roles))

        assert client.get(SIGN_INS).status_code == status

    def test_nobody_edits_them(self):
        client = session_of(make_superuser())
        row = SignIn.objects.get()

        for name in ("change", "delete"):
            url = reverse(f"admin:staff_signin_{name}", args=[row.pk])
            confirmed(client, url, {"username": "other", "post": "yes"})

        assert SignIn.objects.get().username == "root"

    def test_more_rows_take_no_more_queries(self, django_assert_max_num_queries):
        client = session_of(make_superuser())

        def queries():
            with django_assert_max_num_queries(100) as captured:
                client.get(SIGN_INS)
            return len(captured)

        before = queries()
        for name in ("ada", "eve", "bo"):
            SignIn.objects.create(user=make_user(name), username=name)

        assert queries() == before

    def test_they_go_with_the_person(self, hr):
        ada = make_user("ada")
        SignIn.objects.create(user=ada, username="ada")
        url = reverse("admin:staff_user_delete", args=[ada.pk])

        confirmed(session_of(hr), url, {"post": "yes"})

        assert not User.objects.filter(username="ada").exists()
        assert not SignIn.objects.filter(username="ada").exists()
