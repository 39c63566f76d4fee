"""Mails to people: a welcome when they are added, a farewell when they are deleted."""

from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from intranet.access.password_links import mail_links, may_set_password
from intranet.outbox.links import site_url
from intranet.outbox.mail import addressee, queue
from intranet.trace.action import actor_name, collect
from intranet.trace.effects import Effect
from intranet.trace.phrases import nphrase
from intranet.trace.telling import Line, Section
from intranet.trace.together import write

from .models import User

welcome_mail = Effect("welcome mail")
farewell_mail = Effect("farewell mail", when_undoing=False)


class Person(NamedTuple):
    """What is remembered of a person once the row is gone."""

    name: str
    username: str
    email: str
    language: str
    signs_in: bool = False


def send_welcome(user, using: str = DEFAULT_DB_ALIAS, template: str = "welcome") -> None:
    """Queue the welcome: with a link to choose a password for those who can sign in without one."""
    write(send_welcomes, (user, template), using)


def send_welcomes(welcomes: list[tuple[User, str]], using: str) -> None:
    """Queue mails to people by the templates beside them."""
    for template in dict.fromkeys(chosen for _user, chosen in welcomes):
        invited, others = [], {}
        for user in (user for user, chosen in welcomes if chosen == template):
            signs_in = may_set_password(user)
            if signs_in and not user.has_usable_password():
                invited.append(user)
            else:
                url = site_url(reverse("admin:login")) if signs_in else ""
                facts = {"user": addressee(user), "url": url}
                others[user.email] = facts | {"language": user.language}
        mail_links(template, invited, using)
        queue(template, others, using=using)


def say_planned(user, day, using: str = DEFAULT_DB_ALIAS) -> None:
    """Have the page that asks say on which day the invitation or the welcome goes out."""
    goes_out = _("Invitation goes out on %(day)s.")
    if not user.is_staff:
        goes_out = _("Welcome mail goes out on %(day)s.")
    text = goes_out % {"day": date_format(day, "DATE_FORMAT")}
    line = Line(text.rstrip("."), (user.name,))
    collect("sections", [Section(_("Mails"), [line])], using)


def send_farewells(people: list[Person], using: str) -> None:
    """Queue a farewell to each of `people`, whose rows are gone already."""
    to = {
        p.email: {"person": {"name": p.name, "signs_in": p.signs_in}, "language": p.language}
        for p in people
    }
    queue("farewell", to, using=using)


def who_deleted(people: list[Person]) -> str:
    """Return the sentence that the admins are told."""
    actor = capfirst(actor_name())
    if len(people) == 1:
        return _("%(actor)s deleted %(name)s") % {"actor": actor, "name": people[0].name}
    text = nphrase(
        "%(actor)s deleted %(count)d person",
        "%(actor)s deleted %(count)d people",
        len(people),
        actor=actor,
    )
    return str(text)
