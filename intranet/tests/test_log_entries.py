"""What Django's log of the admin has is taken over into the history, once."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from intranet.trace.models import Action, Change
from staff.tests.factories import make_user

pytestmark = pytest.mark.slow

BEFORE = [("intranet", "0009_actions")]
AT = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def log(transactional_db):
    """Go back to the state before and return what makes an entry of Django's log, unsaved."""
    ann = make_user("ann", first_name="Ann", last_name="Berg")
    MigrationExecutor(connection).migrate(BEFORE)
    kind = ContentType.objects.get_for_model(Group)

    def entry(flag, message="", **fields):
        facts = {"user": ann, "content_type": kind, "action_time": AT, "change_message": message}
        facts |= {"object_id": "7", "object_repr": "Club", "action_flag": flag, **fields}
        return LogEntry(**facts)

    yield entry
    call_command("migrate", verbosity=0)


def take_over():
    call_command("migrate", verbosity=0)
    return Change.objects.select_related("action").filter(action__at=AT)


def test_an_entry_becomes_an_action_with_a_change(log):
    log(2, '[{"changed": {"fields": ["Name", "Permissions"]}}]').save()

    (change,) = take_over()

    action = change.action
    assert (action.actor.username, action.actor_name, action.via) == ("ann", "Ann Berg", "page")
    assert action.summary == "Club: Changed Name and Permissions."
    assert (change.kind, change.object_key, change.object_name) == ("changed", "7", "Club")
    assert (change.content_type.model, change.values) == ("group", {})


@pytest.mark.parametrize(
    ("flag", "message", "kind", "words"),
    [
        (1, '[{"added": {}}]', "created", "Added."),
        (3, "", "deleted", "Deleted."),
        (2, "Left.", "changed", "Left."),
    ],
)
def test_it_keeps_its_words(log, flag, message, kind, words):
    log(flag, message).save()

    (change,) = take_over()

    assert (change.kind, change.action.summary) == (kind, f"Club: {words}")


def test_what_it_was_about_may_be_unknown(log):
    log(3, content_type=None, object_id=None).save()

    assert not take_over()
    assert Action.objects.filter(at=AT, summary="Club: Deleted.").exists()


def test_many_are_taken_over_in_pieces_and_stay_where_they_are(log):
    LogEntry.objects.bulk_create(log(1, object_id=str(number)) for number in range(2500))

    assert take_over().count() == 2500
    assert LogEntry.objects.count() == 2500


def test_it_is_done_once(log):
    log(1).save()

    take_over()
    call_command("migrate", "intranet", "0009", verbosity=0)

    assert take_over().count() == 1
