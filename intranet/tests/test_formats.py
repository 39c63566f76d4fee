import re
from datetime import UTC, date, datetime, time

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.formats import date_format, localize, localize_input

AT = datetime(2026, 11, 27, 17, 4, 35, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "day"), [("en-gb", "27 Nov 2026"), ("de", "27.11.2026"), ("fr", "27/11/2026")]
)
def test_dates_are_written_in_one_way_without_seconds(language, day):
    with translation.override(language):
        assert date_format(AT) == localize(date(2026, 11, 27)) == day
        assert date_format(AT, "SHORT_DATE_FORMAT") == day
        assert date_format(AT, "DATETIME_FORMAT") == localize(AT) == f"{day}, 17:04"
        assert localize(time(17, 4, 35)) == localize_input(time(17, 4, 35)) == "17:04"


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        *(("en-gb", it) for it in ("27 Nov 2026", "27 November 2026", "27/11/2026", "2026-11-27")),
        *(("de", it) for it in ("27.11.2026", "27.11.26", "2026-11-27")),
        *(("fr", it) for it in ("27/11/2026", "27/11/26", "2026-11-27")),
    ],
)
def test_dates_are_read_as_they_are_written(language, typed):
    with translation.override(language):
        assert forms.DateField().clean(typed) == date(2026, 11, 27)


@pytest.mark.parametrize("language", ["en-gb", "de", "fr"])
@pytest.mark.parametrize(
    ("field", "meant"), [(forms.DateField(), date(2026, 12, 31)), (forms.TimeField(), time(14, 30))]
)
def test_what_cannot_be_read_is_answered_with_an_example_that_can(language, field, meant):
    with translation.override(language):
        with pytest.raises(ValidationError) as error:
            field.clean("soon")
        example = re.search(r"\d[\d./:]+\d", str(error.value.messages[0]))[0]

        assert field.clean(example) == meant
