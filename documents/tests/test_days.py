"""No form takes a day in another age."""

import pytest
from django.core.exceptions import ValidationError
from django.db.models import DateField
from django.utils import timezone

from documents.models import Document, Post
from intranet.days import plausible
from staff.admin.leaving import LeavingForm
from staff.models import Profile

FIELDS = [
    field
    for model in (Profile, Document, Post)
    for field in model._meta.local_fields
    if isinstance(field, DateField) and field.editable
]


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_every_day_that_somebody_fills_in_is_checked(field):
    assert plausible in field.validators


@pytest.mark.parametrize("year", [24, 2204])
def test_a_paper_is_not_valid_until_then(year):
    day = timezone.localdate().replace(year=year, day=1)

    with pytest.raises(ValidationError, match=f"The year {year:04} cannot be meant"):
        Document._meta.get_field("expires_on").clean(day, None)


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["0024-01-31", "2204-01-31"])
def test_nobody_leaves_then(day):
    form = LeavingForm({"left_on": day})

    assert form.errors["left_on"] == ["Choose today or a day within the next two years."]
