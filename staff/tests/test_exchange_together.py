"""New people are written many at once; everything else is as if each had been saved."""

import pytest
from django.contrib.auth.models import Group
from django.db.models.signals import m2m_changed, post_save, pre_save

from intranet.models import Change, Mail
from intranet.tables import read_csv
from intranet.trace.rehearsal import perform
from intranet.trace.wiring import connect, disconnect
from intranet.vetoes import Veto
from staff.exchange import PeopleResource, resource
from staff.models import Profile, User
from staff.signals import staff_joined

from .factories import make_department, make_user
from .tables import csv_bytes, problems, run

pytestmark = pytest.mark.django_db

HEADER = "Staff number,E-mail,First name,Job,Department,Manager,Can sign in,Groups"


def rows(count, manager=""):
    return [f"{n},p{n}@example.com,P{n},Clerk,Sales,{manager},no,Choir" for n in range(count)]


@pytest.fixture
def sales():
    Group.objects.create(name="Choir")
    return make_department("Sales", groups=["Sellers"])


@pytest.fixture
def hear():
    """Return what connects a receiver to a signal until the test is over."""
    heard = []

    def connect_for_now(signal, receiver, *senders):
        connect(signal, receiver, *senders)
        heard.append((signal, receiver, *senders))

    yield connect_for_now
    for it in heard:
        disconnect(*it)


def history():
    """Return what the history says, keys aside."""
    rows = Change.objects.filter(action__via="import")
    said = rows.values_list("object_name", "kind", "cause", "values")
    return sorted(map(str, said))


class TestReceivers:
    def test_hear_of_each_person_once(self, sales, hear):
        heard = []

        def listen(sender, instance, created, **kwargs):
            heard.append((sender, created, instance.pk is not None))

        hear(post_save, listen, User, Profile)
        run(HEADER, *rows(3))

        assert heard == [(User, True, True)] * 3 + [(Profile, True, True)] * 3

    def test_hear_of_the_groups_of_each(self, sales, hear):
        heard = []

        def listen(instance, action, pk_set, **kwargs):
            heard.append((str(instance), action, len(pk_set)))

        hear(m2m_changed, listen, User.groups.through)
        run(HEADER, *rows(2))

        each = [(name, f"{when}_add", 1) for name in ("P0", "P1") for when in ("pre", "post")]
        assert sorted(heard) == sorted(each * 3)  # of all, of the department, of the row

    def test_hear_that_each_joins_with_a_profile_at_hand(self, sales, hear):
        heard = []

        def listen(user, **kwargs):
            heard.append(user.profile.department)

        hear(staff_joined, listen)
        run(HEADER, *rows(2))

        assert heard == [sales] * 2

    def test_may_write_rows_of_their_own(self, sales, hear):
        def settle(instance, created, **kwargs):
            make_user(f"twin-of-{instance.username}") if "twin" not in instance.username else 0

        hear(post_save, settle, User)
        run(HEADER, *rows(2))

        assert User.objects.filter(groups__name="User", profile__isnull=False).count() == 4

    def test_whose_database_refuses_one_let_the_others_be_looked_at(self, sales, hear):
        def collide(instance, created, **kwargs):
            if created and instance.first_name == "P0":
                make_user("twin", email="P0@EXAMPLE.com")

        hear(post_save, collide, User)
        result = run(HEADER, *rows(3))

        said = "Somebody else has this e-mail address or staff number by now."
        assert [(line, text) for line, *_, text in problems(result)] == [(2, said)]

    def test_that_fail_let_everything_fail(self, sales, hear):
        def fail(instance, **kwargs):
            assert instance.first_name != "P1"

        hear(post_save, fail, User)
        with pytest.raises(AssertionError):
            run(HEADER, *rows(3))

        assert not User.objects.exists()


class TestHistory:
    def test_says_the_same_as_of_people_saved_one_by_one(self, sales, monkeypatch):
        boss = make_user("boss")
        found = []
        for batch in (500, 1):
            monkeypatch.setattr(resource, "BATCH", batch)
            run(HEADER, *rows(3, manager="boss@example.com"), welcome=True)
            mails = Mail.objects.filter(template="welcome", to__startswith="p").order_by("to")
            found.append((history(), [*mails.values_list("to", "cause", "context", "subject")]))
            Change.objects.all().delete()
            Mail.objects.all().delete()
            User.objects.exclude(pk=boss.pk).delete()

        assert found[0] == found[1]

    def test_is_confirmed_however_many_were_written_together(self, sales, monkeypatch):
        token = run(HEADER, *rows(5), welcome=True, dry_run=True).plan.token()
        monkeypatch.setattr(resource, "BATCH", 2)

        _plan, is_done = perform(lambda: run(HEADER, *rows(5), welcome=True), token)

        assert is_done

    def test_names_the_cause_of_what_follows(self, sales):
        run(HEADER, *rows(2))

        causes = Change.objects.filter(action__via="import").values_list("cause", flat=True)
        either = {"staff.create_profile", "staff.admit_newcomer"}  # whichever came first made it
        assert set(causes) - either == {"", "staff.follow_department"}
        assert set(causes) & either


class TestRefusal:
    @pytest.fixture
    def picky(self, hear):
        def refuse(instance, **kwargs):
            if instance.first_name == "P1":
                raise Veto("Not P1.")

        hear(pre_save, refuse, User)

    @pytest.mark.parametrize("batch", [1, 2, 500])
    def test_is_said_of_the_row_alone(self, sales, picky, monkeypatch, batch):
        monkeypatch.setattr(resource, "BATCH", batch)

        result = run(HEADER, *rows(4))

        assert problems(result) == [(3, "Staff number", "1", "Not P1.")]
        assert (result.totals["new"], result.totals["invalid"]) == (3, 1)

    def test_writes_nothing(self, sales, picky):
        run(HEADER, *rows(4), welcome=True)

        assert not (User.objects.exists() or Mail.objects.exists() or Change.objects.exclude(
            action__via="command").exists())  # fmt: skip

    def test_of_a_manager_is_no_fault_of_the_team(self, sales, picky):
        team = rows(4, manager="p1@example.com")
        team[1] = rows(4)[1]

        assert [line for line, *_ in problems(run(HEADER, *team))] == [3]

    def test_of_a_profile_is_said_of_its_row(self, sales, hear):
        def refuse(instance, **kwargs):
            if instance.staff_number == "2":
                raise Veto("Not 2.")

        hear(post_save, refuse, Profile)

        assert problems(run(HEADER, *rows(4))) == [(4, "Staff number", "2", "Not 2.")]

    def test_of_a_number_that_somebody_took_meanwhile_is_said_of_its_row(self, sales, hear):
        def take(instance, **kwargs):
            if instance.first_name == "P1":
                Profile.objects.filter(user=other).update(staff_number="2")

        other = make_user("other")
        hear(pre_save, take, User)
        result = run(HEADER, *rows(3))

        assert [line for line, *_ in problems(result)] == [4]


class TestManagers:
    @pytest.mark.parametrize("batch", [1, 2, 500])
    @pytest.mark.parametrize("at", [0, 4])
    def test_may_stand_anywhere_in_the_file(self, sales, monkeypatch, batch, at):
        monkeypatch.setattr(resource, "BATCH", batch)
        team = rows(5, manager=f"p{at}@example.com")
        team[at] = rows(5)[at]

        result = run(HEADER, *team)

        assert problems(result) == []
        boss = User.objects.get(first_name=f"P{at}")
        assert boss.reports.count() == 4

    def test_are_the_same_when_all_are_written_anew_one_by_one(self, sales, hear):
        managers = []

        def refuse(instance, **kwargs):
            managers.append(instance.manager and instance.manager.first_name)
            assert instance.manager_id == getattr(instance.manager, "pk", None)
            if instance.staff_number == "3":
                raise Veto("Not 3.")

        hear(post_save, refuse, Profile)
        run(HEADER, *rows(1), *rows(4, manager="p0@example.com")[1:])

        assert managers == [None, "P0", "P0", "P0"] * 2

    def test_new_ones_are_given_to_those_who_are_there(self, sales):
        make_user("ada")

        run("E-mail,First name,Manager", "boss@example.com,Boss,",
            "ada@example.com,Ada,boss@example.com")  # fmt: skip

        assert User.objects.get(username="ada").profile.manager.first_name == "Boss"


class TestChangesBesideNewPeople:
    def test_are_written_as_well(self, sales):
        ada = make_user("ada", first_name="Ada")

        result = run(
            "E-mail,First name", "a@example.com,A", "ada@example.com,Eda", "b@example.com,B"
        )

        assert (result.totals["new"], result.totals["update"]) == (2, 1)
        ada.refresh_from_db()
        assert ada.first_name == "Eda"

    @pytest.mark.parametrize("has_profile", [True, False])
    def test_are_blamed_alone_where_they_are_refused(self, sales, hear, has_profile):
        def refuse(instance, **kwargs):
            if instance.first_name == "No":
                raise Veto("Not No.")

        make_user("ada")
        make_user("eve")
        if not has_profile:
            Profile.objects.all()._raw_delete("default")
        hear(pre_save, refuse, User)
        result = run(
            "E-mail,First name,Job",
            "a@example.com,A,Clerk",
            "ada@example.com,Ada,Clerk",
            "eve@example.com,No,Clerk",
            "b@example.com,B,Clerk",
        )

        assert [(line, why) for line, _column, _value, why in problems(result)] == [(4, "Not No.")]

    @pytest.mark.parametrize("batch", [1, 500])
    def test_are_remembered_in_the_rows_that_follow(self, monkeypatch, batch):
        monkeypatch.setattr(resource, "BATCH", batch)
        ada = make_user("ada", first_name="Ada")
        Profile.objects.filter(user=ada).update(staff_number="7")

        result = run(
            "Staff number,E-mail,First name", "7,eda@example.com,Ada", ",ada@example.com,X"
        )

        assert problems(result) == [(3, "Staff number", "", "Line 2 is about Ada as well.")]

    def test_let_those_go_who_are_done(self, sales, monkeypatch):
        team = rows(1) + rows(6, manager="p0@example.com")[1:]
        run(HEADER, *team)
        monkeypatch.setattr(resource, "BATCH", 2)

        importing = PeopleResource()
        importing.import_data(read_csv(csv_bytes(HEADER, *team)))

        names = {user.first_name for user in importing.known.people.values()}
        assert names == {"P0", "P4", "P5"}
