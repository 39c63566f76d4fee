from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from intranet.days import plausible


@pytest.mark.parametrize(
    "day", [date(24, 1, 31), date(1899, 12, 31), date(2100, 1, 1), datetime(2204, 1, 1, tzinfo=UTC)]
)
def test_other_ages_are_refused_by_year(day):
    with pytest.raises(ValidationError, match=f"The year {day.year:04} cannot be meant"):
        plausible(day)


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2026, 11, 25), date(2099, 12, 31)])
def test_ours_is_accepted(day):
    plausible(day)
