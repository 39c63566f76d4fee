"""Who gains or loses rights, as plans and receipts say."""

import pytest
from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS

from intranet.trace.action import batched, begin
from intranet.trace.models import Action, Change
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


def test_somebody_with_the_key_of_a_new_group_gains_them():
    ada = make_user("ada", is_staff=False)
    with begin(None) as action, batched():
        Group.objects.create(pk=ada.pk + 100, name="Choir")
        ada.is_staff = True
        ada.save()
    Change.objects.filter(object_name="Choir").update(object_key=ada.pk)

    assert rights_in(action) == ["Gained: sign-in: ada"]
