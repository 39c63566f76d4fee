"""An action says what caused what it wrote, as the rows in four tables do."""

from importlib import import_module

import pytest
from django.core.mail import send_mail
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from documents.tests.factories import make_document
from intranet.models import Action, Change, FileRemoval, Mail, Notice
from intranet.outbox.notices import notify_admins
from intranet.trace.action import Act, batched, begin
from intranet.trace.models import listed
from intranet.trace.wiring import caused_by
from staff.models import Department
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

TABLES = Change, Mail, Notice, FileRemoval
BEFORE = [("intranet", "0032_fewer_indexes_of_changes")]
fill = import_module("intranet.migrations.0033_causes_of_actions")


def causes_of_rows() -> set[str]:
    return {cause for table in TABLES for cause in table.objects.values_list("cause", flat=True)}


def actions_with(cause: str) -> set[Action]:
    """Return the actions that the rows of that cause name."""
    written = [table.objects.filter(cause=cause).values("action") for table in TABLES]
    return {action for keys in written for action in Action.objects.filter(pk__in=keys)}


def kept(act: Act) -> str:
    return Action.objects.get(pk=act.id).causes


def mail(cause: str) -> None:
    with caused_by((cause,)):
        send_mail("News", "None", None, ["ann@example.com"])


def work() -> None:
    """Come, move, lose a paper and go, each an action of its own."""
    sales = make_department("Sales", groups=["Sellers"])
    ann = make_user("ann", department=sales)
    ann.profile.department = make_department("Lab", groups=["Scientists"])
    ann.profile.save()
    make_document(owner=ann).delete()
    ann.delete()


def test_the_filter_finds_what_the_rows_say(client):
    client.force_login(make_superuser())
    work()

    causes = causes_of_rows() - {""}

    assert len(causes) > 5
    for cause in causes:
        page = client.get(reverse("admin:intranet_action_changelist"), {"cause": cause})
        assert {*page.context["cl"].result_list} == actions_with(cause), cause


class TestAnAction:
    def test_of_nobody_but_who_asked_has_none(self):
        with begin(None) as act:
            Department.objects.create(name="Lab")

        assert kept(act) == ""

    def test_has_each_once(self):
        with begin(None) as act, batched():
            mail("b.b")
            mail("a.a")
            mail("b.b")

        assert kept(act) == ",a.a,b.b,"

    def test_gets_those_of_what_it_writes_later(self):
        with begin(None) as act:
            mail("b.b")
            mail("b.b")
            with batched():
                mail("a.a")
            Department.objects.create(name="Lab")

        assert kept(act) == ",a.a,b.b,"

    def test_has_none_of_what_was_rolled_back(self):
        with begin(None) as act, batched():
            mail("a.a")
            with pytest.raises(KeyError), transaction.atomic():
                mail("b.b")
                raise KeyError

        assert kept(act) == ",a.a,"

    def test_has_none_of_what_it_wrote_later_and_was_rolled_back(self):
        with begin(None) as act:
            mail("a.a")
            with pytest.raises(KeyError), batched():
                mail("b.b")
                raise KeyError
            mail("c.c")

        assert kept(act) == ",a.a,c.c,"

    def test_has_the_receiver_that_told_the_admins(self):
        make_superuser()

        with begin(None) as act, batched(), caused_by(("a.a",)):
            notify_admins("Ann left")

        assert kept(act) == ",a.a,"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_older_actions_get_theirs(monkeypatch):
    make_superuser()
    work()
    causes = dict(Action.objects.values_list("pk", "causes"))
    MigrationExecutor(connection).migrate(BEFORE)
    monkeypatch.setattr(fill, "AT_A_TIME", 2)

    call_command("migrate", verbosity=0)

    assert len(causes) > 5
    assert dict(Action.objects.values_list("pk", "causes")) == causes
    assert listed([*causes_of_rows()]) == listed(",".join(causes.values()).split(","))
