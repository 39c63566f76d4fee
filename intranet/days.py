"""Which days can be meant: not the year 24, which a short year becomes, nor a slip to 2204."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FIRST_YEAR, LAST_YEAR = 1900, 2099


def plausible(day: date) -> None:
    """Validate a day, or a moment. Raises ValidationError outside FIRST_YEAR to LAST_YEAR."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        text = _("The year %(year)s cannot be meant: it must be from %(first)s to %(last)s.")
        years = {"year": f"{day.year:04}", "first": FIRST_YEAR, "last": LAST_YEAR}
        raise ValidationError(text % years, code="year")
