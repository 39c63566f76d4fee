"""What is done to people, chosen on their list or on a page of their own, one by one."""

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet

from intranet.admin.bulk import write_history
from intranet.wording import counted

from ..models import Profile, User
from ..rights import can_touch


def people(count: int) -> str:
    """Return "1 person" or "3 people"."""
    return counted(count, "person", "people")


class PersonByPerson:
    """For the model admin of people."""

    def each(
        self,
        request,
        queryset: QuerySet[User],
        change: Callable[[User], bool],
        done: str,
        allowed: Callable[[User, User], bool] = can_touch,
        why: str = "you may not do this to them",
        fields: Iterable[str] = (),
    ) -> None:
        """Apply `change`, which returns whether it changed anything, to all who are `allowed`.

        `allowed` is asked with the signed-in user and the person. Whoever has no profile gets one.
        It happens to all of them in one transaction; messages count those changed ("3 people
        activated."), those who needed nothing and those left alone, with `why`. The history of each
        names the `fields` changed, by their labels on the page, or says what was done.
        """
        changed, unchanged, refused = [], 0, 0
        with transaction.atomic():
            for user in queryset.select_related("profile").prefetch_related("groups"):
                if not hasattr(user, "profile"):
                    Profile.objects.create(user=user)
                if not allowed(request.user, user):
                    refused += 1
                elif change(user):
                    changed.append(user)
                else:
                    unchanged += 1
            write_history(request, changed, done, fields)
        level = messages.SUCCESS if changed else messages.INFO
        self.message_user(request, f"{people(len(changed))} {done}.", level)
        if unchanged:
            self.message_user(request, f"{people(unchanged)} needed no change.", messages.INFO)
        if refused:
            text = f"{people(refused)} left alone: {why}."
            self.message_user(request, text, messages.WARNING)
