"""Dates with a time on forms: when clocks are changed, and when the time is left out."""

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy


def in_utc(moment: datetime) -> datetime:
    """Return the instant of a naive local time; the first one where clocks show it twice."""
    return moment.replace(tzinfo=timezone.get_current_timezone()).astimezone(UTC)


def next_valid(moment: datetime) -> datetime:
    """Return a naive time, or the first minute after it that clocks show: some are skipped."""
    while timezone.make_naive(in_utc(moment)) != moment:
        moment += timedelta(minutes=1)
    return moment


def start_of(day: date) -> datetime:
    return in_utc(datetime.combine(day, time.min))  # where that is skipped, when clocks skip it


def end_of(day: date) -> datetime:
    return start_of(day + timedelta(days=1)) - timedelta(seconds=1)


class MomentField(forms.SplitDateTimeField):
    """A day with a time; without a time, the start of that day.

    What is stored stays as it is while the form shows the same, even the second 02:30 of a night
    and seconds, which it does not show.
    """

    default_error_messages = {
        **forms.SplitDateTimeField.default_error_messages,
        "incomplete": _lazy("Enter the day as well."),
    }
    without_time = staticmethod(start_of)
    stored = None  # until a form asks

    def __init__(self, **kwargs):
        super().__init__(**kwargs, require_all_fields=False)
        self.fields[1].required = False

    def get_bound_field(self, form, field_name):
        self.stored = form.initial.get(field_name)
        return super().get_bound_field(form, field_name)

    def compress(self, data_list):
        try:
            return self.instant(*data_list) if data_list else None
        except OverflowError as error:  # at the ends of the calendar
            message = self.error_messages["invalid_date"]
            raise ValidationError(message, code="invalid_date") from error

    def instant(self, day: date, at: time | None) -> datetime:
        if at is None:
            return self.without_time(day)
        moment = datetime.combine(day, at)
        if self.stored:  # forms show no seconds
            there = timezone.make_naive(self.stored).replace(microsecond=0)
            if moment in (there, there.replace(second=0)):
                return self.stored
        if (valid := next_valid(moment)) != moment:
            message = _(
                "Clocks skip this time: they go forward. The next valid time is %(time)s."
            ) % {"time": date_format(valid, "DATETIME_FORMAT")}
            raise ValidationError(message, code="skipped")
        return in_utc(moment)


class EndField(MomentField):
    """A day with a time; without a time, the last second of that day."""

    without_time = staticmethod(end_of)
