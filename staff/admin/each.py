"""Going through chosen people one by one, and saying what came of it."""

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404

from intranet.admin import bulk
from intranet.wording import counted

from ..models import Profile, User


def people(count: int) -> str:
    """Return "1 person" or "3 people"."""
    return counted(count, "person", "people")


class PersonByPerson:
    """For model admins of people."""

    def one(self, request, object_id: str) -> QuerySet[User]:
        """Return the person a page is about, as a QuerySet; Http404 when there is none."""
        user = self.get_object(request, object_id)
        if user is None:
            raise Http404
        return User.objects.filter(pk=user.pk)

    def each(
        self,
        request,
        queryset,
        allowed: Callable[[User], bool],
        change: Callable[[User], bool],
        done: str,
        why: str = "you may not do this to them",
        fields: Iterable[str] = (),
    ) -> None:
        """Apply `change`, which returns whether it changed anything, to all who are `allowed`.

        Whoever has no profile gets one, so that neither function need ask for it.
        It happens to all of them in one transaction; messages count those changed ("3 people
        activated."), those who needed nothing and those left alone, with `why`. The history of each
        names the `fields` changed, by their labels on the page, or says what was done.
        """
        changed, unchanged, refused = [], 0, 0
        with transaction.atomic():
            for user in queryset.select_related("profile").prefetch_related("groups"):
                if not hasattr(user, "profile"):
                    Profile.objects.create(user=user)
                if not allowed(user):
                    refused += 1
                elif change(user):
                    changed.append(user)
                else:
                    unchanged += 1
            bulk.record(request, changed, done, fields)
        level = messages.SUCCESS if changed else messages.INFO
        self.message_user(request, f"{people(len(changed))} {done}.", level)
        if unchanged:
            self.message_user(request, f"{people(unchanged)} needed no change.", messages.INFO)
        if refused:
            text = f"{people(refused)} left alone: {why}."
            self.message_user(request, text, messages.WARNING)
