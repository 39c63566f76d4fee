"""Names hold no character that turns the direction of what stands after them."""

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from documents.admin.renewing import RenewForm
from documents.models import Document, Post
from staff.models import Department, Profile, User

TURNS = [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]


def refused(model, field, text) -> bool:
    try:
        model._meta.get_field(field).clean(text, None)
    except ValidationError as error:
        return "turns the direction of writing" in error.messages[0]
    return False


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (User, "first_name"),
        (User, "last_name"),
        (Profile, "job_title"),
        (Department, "name"),
        (Group, "name"),
        (Post, "title"),
        (Document, "title"),
    ],
)
def test_those_that_turn_are_refused(model, field):
    assert all(refused(model, field, f"Ada{it}Quartz") for it in TURNS)


@pytest.mark.parametrize("mark", [*"\u200c\u200d\u200e\u200f\u061c"])
def test_those_of_real_names_are_not(mark):
    assert not refused(User, "first_name", f"A{mark}B")


def test_they_are_refused_where_a_paper_is_renewed():
    assert "title" in RenewForm({"title": "CV\u202e"}).errors
