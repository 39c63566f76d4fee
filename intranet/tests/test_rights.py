"""Who gains or loses rights, as plans and receipts say."""

import pytest
from django.db import DEFAULT_DB_ALIAS

from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from intranet.trace.plan import stored
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


def rights_in(action):
    """Return the lines of a receipt that are about rights."""
    sections = dict(stored(Action.objects.get(pk=action.id), DEFAULT_DB_ALIAS).sections)
    return [str(line) for line in sections.get("Rights", [])]


def test_a_lost_sign_in_stays_in_the_receipt_when_its_row_goes():
    ada = make_user("ada")
    with begin(None) as action, batched():
        ada.is_active = False
        ada.save()

    ada.delete()

    assert rights_in(action) == ["Lost: sign-in: ada"]
