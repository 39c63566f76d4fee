"""What is done to people, chosen on their list or on a page of their own, one by one."""

from collections.abc import Callable, Iterable
from functools import partial, wraps

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import redirect
from unfold.decorators import action

from intranet.admin import bulk
from intranet.wording import counted

from ..models import Profile, User
from ..rights import can_touch


def people(count: int) -> str:
    """Return "1 person" or "3 people"."""
    return counted(count, "person", "people")


def asking(
    description: str,
    *,
    says: Callable[[QuerySet[User]], list[str]] = lambda people: [],
    form: type[forms.Form] = forms.Form,
    initial: Callable[[QuerySet[User]], dict] = lambda people: {},
    button: str = "",
    icon: str = "",
    permission: str = "change",
    fits: Callable[[User], bool] = lambda user: True,
):
    """Make a method an action on people that asks first, on a page that says what will happen.

    It is for the list and, under any name in `actions_detail`, for the page of whom it `fits`. The
    method gets the people and, by name, what was answered in the form.
    """
    title = description.rstrip("…")

    def decorate(do):
        @action(description=description, permissions=[permission], icon=icon)
        @wraps(do)
        def act(self, request, queryset=None, object_id=""):
            chosen = self.one(request, object_id) if object_id else queryset
            back = "../change/" if object_id else ""
            asked = partial(form, initial=initial(chosen))
            answered, page = bulk.ask(
                self, request, chosen, asked, title, button or title, says(chosen), back
            )
            if page:
                return page
            do(self, request, chosen, **answered.cleaned_data)
            return redirect(back) if back else None

        act.fits = fits
        return act

    return decorate


class PersonByPerson:
    """For the model admin of people."""

    def one(self, request, object_id: str) -> QuerySet[User]:
        """Return the person a page is about, as a QuerySet; Http404 when there is none."""
        user = self.get_object(request, object_id)
        if user is None:
            raise Http404
        return User.objects.filter(pk=user.pk)

    def get_actions_detail(self, request, object_id):
        """Offer what fits the person."""
        user = self.get_object(request, object_id)
        offered = super().get_actions_detail(request, object_id)
        return [it for it in offered if user and it.method.fits(user)]

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
            bulk.record(request, changed, done, fields)
        level = messages.SUCCESS if changed else messages.INFO
        self.message_user(request, f"{people(len(changed))} {done}.", level)
        if unchanged:
            self.message_user(request, f"{people(unchanged)} needed no change.", messages.INFO)
        if refused:
            text = f"{people(refused)} left alone: {why}."
            self.message_user(request, text, messages.WARNING)
