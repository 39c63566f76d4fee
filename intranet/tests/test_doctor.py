"""Each invariant is broken once, past the code that keeps it, and the doctor sees just that."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import make_document
from intranet import doctor
from intranet.doctor import Finding, examine
from intranet.files.listing import MARKER
from intranet.files.models import FileRemoval
from intranet.outbox.models import Mail
from intranet.signals import DescribedSignal, work_due
from intranet.trace.wiring import Counted
from staff import receivers as staff_receivers
from staff import signals as staff_signals
from staff.models import Department, Profile, SignIn, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
FILES = "Every file is there and unchanged"


@pytest.fixture
def site():
    """A small site in which all is well; return somebody with a department and a paper."""
    make_superuser()
    ada = make_user("ada", first_name="Ada", roles=["HR"], department=make_department())
    make_document(ada)
    Mail.objects.update(status=Mail.Status.SENT)
    return ada


def broken(quick=False):
    """Return what the doctor finds, by the titles of what is broken."""
    return {str(it.title): it for it in examine(quick) if not it.is_sound}


def update(model, **values):
    """Write what no receiver and no rule of the site sees."""
    QuerySet(model).update(**values)


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def file_of(person) -> Path:
    return Path(person.documents.get().file.path)


def lose_profile(ada):
    Profile.objects.filter(user=ada)._raw_delete("default")


def lose_group(ada):
    User.groups.through.objects.filter(user=ada, group__name="User")._raw_delete("default")


def revive_leaver(ada):
    QuerySet(Profile).filter(user=ada).update(departed_at=timezone.now())


def stay_after_the_last_day(ada):
    yesterday = timezone.localdate() - timedelta(days=1)
    QuerySet(Profile).filter(user=ada).update(left_on=yesterday)


def demote_all(ada):
    update(User, is_superuser=False)


def widen_department(ada):
    group = User.groups.through.objects.filter(user=ada).first().group.__class__
    links = Department.groups.through.objects
    club = group.objects.create(name="Club")
    links.bulk_create([links.model(department=ada.profile.department, group=club)])


def type_password(ada):
    sql("UPDATE staff_user SET password = 'my$secret' WHERE username = 'ada'")


def lose_file(ada):
    file_of(ada).unlink()


def lengthen_file(ada):
    file_of(ada).write_bytes(b"%PDF-1.7 something else")


def leave_removal(ada):
    ago = timezone.now() - timedelta(days=1, minutes=1)
    FileRemoval.objects.create(storage="default", name="cvs/x.pdf", created_at=ago)


def stop_worker(ada):
    ago = timezone.now() - timedelta(minutes=16)
    update(Mail, status=Mail.Status.QUEUED, next_attempt_at=ago)


def kill_worker(ada):
    ago = timezone.now() - timedelta(hours=1)
    update(Mail, status=Mail.Status.SENDING, next_attempt_at=ago)


def stop_mail_server(ada):
    soon, ago = timezone.now() + timedelta(hours=1), timezone.now() - timedelta(days=2)
    waits = {"status": Mail.Status.QUEUED, "attempts": 9, "next_attempt_at": soon}
    update(Mail, **waits, created_at=ago)


def lock_out(ada):
    QuerySet(User).filter(pk=ada.pk).update(is_staff=False)


def take_store(ada):
    default_storage.delete(MARKER)
    default_storage.save(MARKER, ContentFile(b"somebody else"))


def write_odd_address(ada):
    sql("UPDATE staff_user SET email = 'ada@xn--mller-kva.de' WHERE username = 'ada'")


CASES = {
    lose_profile: "Everybody has a profile",
    lose_group: "Everybody is in the group for all",
    revive_leaver: "Nobody who has left can sign in",
    stay_after_the_last_day: "Nobody who has left can sign in",
    demote_all: "There is an active superuser",
    widen_department: "Everybody is in the groups of their department",
    type_password: "No password is stored as text",
    lose_file: FILES,
    lengthen_file: FILES,
    leave_removal: "No removal of a file is older than a day",
    stop_worker: "The outbox moves",
    kill_worker: "The outbox moves",
    stop_mail_server: "The outbox moves",
    lock_out: "Who is told what happens can sign in",
    take_store: "The files are those of this database",
    write_odd_address: "The system checks find nothing",
}


class TestInvariants:
    def test_hold_on_a_site_where_all_is_well(self, site):
        assert broken() == {}

    def test_hold_on_an_empty_site_but_for_the_superuser(self):
        assert broken().keys() == {"There is an active superuser"}

    @pytest.mark.parametrize(("break_it", "title"), CASES.items(), ids=CASES.values())
    def test_that_are_broken_are_found_and_no_other(self, site, break_it, title):
        break_it(site)

        found = broken(quick=True)

        assert found.keys() == {title}
        assert all(it.what and it.to_do for it in found[title].findings)

    def test_contents_of_files_are_read_when_there_is_time(self, site):
        path = file_of(site)
        path.write_bytes(b"x" * path.stat().st_size)

        assert broken(quick=True) == {}
        assert broken().keys() == {FILES}

    def test_the_connection_is_asked_for_its_settings(self, site):
        is_sqlite = connection.vendor == "sqlite"
        sql("PRAGMA busy_timeout = 10" if is_sqlite else "SET synchronous_commit = off")
        try:
            found = broken()
        finally:
            sql("PRAGMA busy_timeout = 20000" if is_sqlite else "RESET synchronous_commit")

        assert found.keys() == {"The database is set as it has to be"}

    def test_a_signal_that_nobody_hears_is_found(self, site, monkeypatch):
        monkeypatch.setattr(
            staff_signals, "new", DescribedSignal("When a bell rings"), raising=False
        )

        (finding,) = broken()["Every signal is heard, and every receiver hears one"].findings

        assert finding.what == "1 signal that nobody hears: new"

    def test_a_receiver_that_nobody_connected_is_found(self, site, monkeypatch):
        def greet(**kwargs):
            """Greets."""

        greet.__module__ = staff_receivers.__name__
        monkeypatch.setattr(staff_receivers, "greet", greet, raising=False)

        (finding,) = broken()["Every signal is heard, and every receiver hears one"].findings

        assert finding.what == "1 receiver that hears no signal: staff.receivers.greet"

    @pytest.mark.parametrize(
        ("signal", "sender", "uid"),
        [(post_save, User, "staff.create_profile"), (work_due, None, "intranet.remove_due_files")],
    )
    def test_a_receiver_that_was_disconnected_is_found(self, site, signal, sender, uid):
        signal.disconnect(sender=sender, dispatch_uid=uid)
        try:
            found = broken()
        finally:
            known = Counted.by_uid[uid]
            signal.connect(known, sender=sender, weak=False, dispatch_uid=uid)

        assert found.keys() == {"Every signal is heard, and every receiver hears one"}

    def test_are_asked_in_as_many_queries_for_more_people(self, site, django_assert_num_queries):
        with django_assert_num_queries(100, exact=False) as few:
            list(examine())
        department = site.profile.department
        for _ in range(5):
            make_document(make_user(department=department))
        Mail.objects.update(status=Mail.Status.SENT)

        with django_assert_num_queries(len(few)):
            list(examine())

    def test_have_the_system_checks_run_once(self, site, monkeypatch):
        runs, run_checks = [], doctor.run_checks
        monkeypatch.setattr(doctor, "run_checks", lambda **kw: runs.append(1) or run_checks(**kw))

        list(examine())

        assert len(runs) == 1

    def test_somebody_without_one_of_many_groups_is_counted_once(self, site):
        club = make_department("Club", ["Chess", "Choir", "Crafts"])
        bob = make_user("bob", department=club)
        bob.groups.through.objects.filter(user=bob, group__name="Choir")._raw_delete("default")
        [finding] = broken()["Everybody is in the groups of their department"].findings
        assert finding.what == "1 time somebody is not in a group of their department: bob (Choir)"

    def test_names_the_first_and_counts_the_others(self, site):
        for number in range(30):
            make_user(f"p{number:02}")
        update(Profile, departed_at=timezone.now())

        (finding,) = broken()["Nobody who has left can sign in"].findings

        assert finding.what.startswith("32 people have left, but can still sign in")
        assert finding.what.endswith("and 12 more")

    def test_asking_changes_nothing(self, site):
        default_storage.delete(MARKER)
        before = [*User.objects.values()], FileRemoval.objects.count(), SignIn.objects.count()

        list(examine())

        assert not default_storage.exists(MARKER)
        now = [*User.objects.values()], FileRemoval.objects.count(), SignIn.objects.count()
        assert now == before


@pytest.fixture
def unable(monkeypatch):
    """Have one check fail, in the database, and another find something."""

    def fail(quick):
        sql("SELECT no_such_column FROM no_such_table")

    checks = [*doctor._checks]
    monkeypatch.setattr(doctor, "_checks", checks)
    doctor.add("It cannot be told", fail)
    doctor.add(
        "All bells ring", lambda quick: [Finding("<b>2</b> do not", "Ring them.", User, "?q=x")]
    )


def printed(**options):
    out = StringIO()
    try:
        call_command("doctor", stdout=out, **options)
    except CommandError as error:
        return out.getvalue() + str(error), 1
    return out.getvalue(), 0


class TestCommand:
    def test_says_that_all_is_well(self, site):
        text, status = printed()

        assert status == 0
        assert "!!" not in text
        assert "checks found nothing broken" in text

    def test_says_what_is_broken_what_to_do_and_where(self, site, unable):
        text, status = printed()

        assert status == 1
        assert "!! All bells ring\n   <b>2</b> do not\n   Ring them.\n" in text
        assert "   https://intranet.test/admin/staff/user/?q=x" in text

    def test_goes_on_after_a_check_that_could_not_be_carried_out(self, site, unable):
        text, status = printed()

        assert status == 1
        assert "?? It cannot be told\n   This could not be checked: " in text
        assert text.index("It cannot be told") < text.index("All bells ring")

    def test_is_silent_for_cron_while_all_is_well(self, site):
        assert printed(verbosity=0) == ("", 0)

    def test_leaves_contents_out_when_it_has_to_be_quick(self, site):
        path = file_of(site)
        path.write_bytes(b"x" * path.stat().st_size)

        assert printed(quick=True)[1] == 0
        assert printed()[1] == 1


class TestPage:
    def show(self, client, user):
        client.force_login(user)
        return client.get(reverse("doctor"))

    def test_says_what_is_broken_first_and_leads_there(self, client, site, unable):
        html = self.show(client, site).content.decode()

        assert html.index("All bells ring") < html.index("Everybody has a profile")
        assert "&lt;b&gt;2&lt;/b&gt; do not" in html
        assert 'href="/admin/staff/user/?q=x"' in html
        assert "This could not be checked" in html

    def test_leads_to_those_alone_who_are_told_and_cannot_sign_in(self, client, site):
        told = make_user(roles=["HR"], is_staff=False)
        make_user(is_staff=False)

        html = self.show(client, site).content.decode()
        address = re.search(r'"(/admin/staff/user/\?[^"]+)"', html)[1]

        assert list(client.get(address).context["cl"].result_list) == [told]

    def test_is_closed_to_those_who_are_not_told_what_happens(self, client):
        assert self.show(client, make_user()).status_code == 403

    def test_leads_nobody_where_they_may_not_go(self, client, site, unable):
        clerk = make_user()
        codename = "receive_notices"
        clerk.user_permissions.add(clerk.user_permissions.model.objects.get(codename=codename))

        html = self.show(client, clerk).content.decode()

        assert "All bells ring" in html
        assert "?q=x" not in html

    def test_is_in_the_menu(self, client, site):
        client.force_login(site)

        assert reverse("doctor") in client.get(reverse("admin:index")).content.decode()
