"""Reminding those who have not acknowledged a post, once a day at most."""

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from intranet.trace.action import collect
from intranet.trace.telling import named

from .acknowledging import without
from .models import Post, Reminder
from .publishing import REMINDER, mail, recipients


def remind(post: Post, also_earlier: bool = False) -> bool:
    """Mail a reminder to whoever was not reminded today; False where nobody else is left.

    `also_earlier` are those who acknowledged an earlier text. The mails are rows by now.
    """
    rest = without(post, recipients(post), also_earlier)
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = Reminder.objects.filter(post=post, at__gte=midnight)
    was_reminded = Exists(today.filter(person=OuterRef("pk")))
    if spared := [str(it) for it in rest.filter(was_reminded)]:
        text = _("Reminded of “%(post)s” today already, which is done once a day") % {"post": post}
        collect("left", [str(named(text, spared))])
    people, now = rest.exclude(was_reminded), timezone.now()
    keys = list(people.order_by().values_list("pk", flat=True))
    mail(REMINDER, post, people)
    Reminder.objects.bulk_create(
        [Reminder(post=post, person_id=key, at=now) for key in keys],
        update_conflicts=True,
        unique_fields=["post", "person"],
        update_fields=["at"],
    )
    return bool(keys or spared)
