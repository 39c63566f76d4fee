"""Telling the admins what happened: a log line, a notice in the admin and a mail for each."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple
from urllib.parse import urlencode

import nh3
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import DEFAULT_DB_ALIAS, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _

from ..languages import language_of, speaking
from ..trace import rights
from ..trace.action import Act, actor_name, collect, mark
from ..trace.effects import Effect
from ..trace.phrases import nphrase
from ..trace.wiring import causes
from . import mail
from .links import site_url
from .models import Notice
from .plaintext import plain_text

logger = logging.getLogger(__name__)
admin_notices = Effect("admin notices")

MAX_MESSAGE = Notice._meta.get_field("message").max_length or 0


Said = str | Callable[[], str]  # a function says it in the language of whoever is told


class Told(NamedTuple):
    """One thing that the admins are told, and by whose doing: the receiver's."""

    message: Said
    detail: Said
    url: str
    also: frozenset[int]  # primary keys
    cause: str
    to_admins: bool


def notify_admins(
    message: Said,
    *,
    detail: Said = "",
    url: str = "",
    also: Iterable[AbstractUser] = (),
    to_admins: bool = True,
    using: str = DEFAULT_DB_ALIAS,
) -> None:
    """Tell every admin, in the caller's transaction: once for all that one batch tells them.

    `also` names active people who are told just as well, once, whether or not they are admins;
    without `to_admins` it is for those of them who are none: admins are told in other words.

    `message` is one plain sentence; one that is too long for the notice is given in full at the
    top of `detail`, which is HTML and gets sanitised here. `url` is a path of this site. Both are
    functions that hold all they need by value: each is called once for each language.
    """
    if admin_notices.is_paused:
        return
    if to_admins:
        with speaking(""):
            note = partial(logger.info, "%s (by %s)", said(message), actor_name())
        transaction.on_commit(note, using=using, robust=True)
    keys = frozenset(person.pk for person in also)
    told = Told(message, detail, url, keys, next(iter(causes()), ""), to_admins)
    collect("notices", [told], using)


def said(it: Said) -> str:
    """Return what is said in the language of now."""
    return it() if callable(it) else it


def tell_of_rights(act: Act, using: str) -> None:
    """Tell the admins who gains which rights; not of people whom a script makes with them."""
    changes = act.every("changes", using)

    def gained() -> rights.Gains:
        found = rights.gains(changes, using, of_new=bool(act.actor)).items()
        return {it: who for it, who in found if it[0] == rights.GAINED}

    if people := {name for who in gained().values() for name in who}:

        def message() -> str:
            actor = act.actor_name
            if len(people) == 1:
                text = _("%(actor)s gave rights to %(person)s")
                return capfirst(text % {"actor": actor, "person": next(iter(people))})
            gave = nphrase(
                "%(actor)s gave rights to %(count)d person",
                "%(actor)s gave rights to %(count)d people",
                len(people),
                actor=actor,
            )
            return capfirst(str(gave))

        def detail() -> str:
            return format_html_join("", "<p>{}</p>", ((it,) for it in rights.lines(gained())))

        notify_admins(message, detail=detail, using=using)


def tell_together(act: Act, using: str) -> None:
    """Write one notice and one mail for each person, of all that they are told about an action."""
    told: list[Told] = [*act.take("notices", using)]
    if not told:
        return
    people = get_user_model().objects.using(using).filter(is_active=True)
    admins = {person.pk: person for person in get_user_model().objects.admins().using(using)}
    also: dict[int, list[Told]] = defaultdict(list)
    for it in told:
        for key in it.also:
            also[key].append(it)
    groups: dict[tuple[tuple[Told, ...], str], list[AbstractUser]] = defaultdict(list)
    if for_admins := tuple(it for it in told if it.to_admins):
        for person in admins.values():
            groups[for_admins, language_of(person)].append(person)
    for person in people.filter(pk__in=also.keys() - admins.keys()):
        groups[tuple(also[person.pk]), language_of(person)].append(person)
    for (parts, language), group in groups.items():
        with speaking(language):
            tell(group, [in_words(it) for it in parts], act, using, language)


class Words(NamedTuple):
    """What is told, in one language."""

    message: str
    detail: str
    url: str
    cause: str


def in_words(it: Told) -> Words:
    message = " ".join(said(it.message).split())
    return Words(message, nh3.clean(said(it.detail)), it.url, it.cause)


def tell(
    people: list[AbstractUser], told: list[Words], act: Act, using: str, language: str
) -> None:
    page = reverse("admin:intranet_action_change", args=[act.id])
    notice = {**in_one(told), "url": told[0].url or page}
    reading = f"{reverse('open_notice', args=[act.id])}?{urlencode({'to': notice['url']})}"
    context = {
        "language": language,
        "message": notice["message"],
        "detail": notice["detail"],
        "detail_text": plain_text(notice["detail"]),
        "actor": act.actor_name,
        "url": site_url(reading),
    }
    addresses = [person.email for person in people]
    mails = mail.queue("notice", addresses, context, using, told[0].cause)
    mailed_to = {row.to for row in mails}
    fields = {**notice, **mark(using, told[0].cause), "actor_id": _actor_id(act, using)}
    now = timezone.now()
    Notice.objects.using(using).bulk_create(
        Notice(recipient_id=it.pk, mailed_at=now if it.email in mailed_to else None, **fields)
        for it in people
    )


def in_one(told: list[Words]) -> dict[str, str]:
    """Return message and detail of a notice about it all."""
    first, message = told[0], _("; ").join(it.message for it in told)
    if len(message) > MAX_MESSAGE:
        message = cut(first.message, len(told) - 1)
    if len(told) > 1:
        return {"message": message, "detail": "\n".join(map(_headed, told))}
    in_full = format_html("<p>{}</p>", first.message) if message != first.message else ""
    return {"message": message, "detail": in_full + first.detail}


def cut(message: str, more: int) -> str:
    """Return a message short enough for a notice, and how much more there is to tell."""
    if not more:
        return Truncator(message).chars(MAX_MESSAGE)
    text = nphrase("%(first)s and %(count)d more", "%(first)s and %(count)d more", more, first="")
    room = MAX_MESSAGE - len(str(text))
    return str(text._replace(facts={"first": Truncator(message).chars(room)}))


def _headed(told: Words) -> str:
    link = '<h3><a href="{}">{}</a></h3>' if told.url else "{}<h3>{}</h3>"
    return format_html(link, told.url and site_url(told.url), told.message) + told.detail


def _actor_id(act: Act, using: str) -> int | None:
    """Return the actor's key unless their row went in this very deletion."""
    rows = get_user_model().objects.using(using)
    key: int | None
    key = rows.filter(pk=act.actor and act.actor.pk).values_list("pk", flat=True).first()
    return key
