"""Acknowledging a post: by the link in its mail, without signing in, or on the dashboard.

A link is signed and made when its mail is sent, so that none is in the database. It belongs to one
post and one person, and works while the post is live, asks for it and is meant for that person, who
is active. What was acknowledged stays so: once more changes nothing, unless the text was changed.
"""

from django.core.signing import BadSignature, Signer
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.urls import reverse
from django.utils import timezone

from intranet.outbox.links import site_url
from intranet.outbox.mail import Withdrawn
from intranet.outbox.models import Mail
from intranet.trace.action import batched
from intranet.vetoes import hold
from staff.models import User

from .models import Acknowledgement, Post
from .publishing import REMINDER, TRIAL, recipients

signer = Signer(salt="documents.acknowledging")


def path_for(post_id: int, person_id: int) -> str:
    """Return the path of the page on which one person acknowledges one post."""
    return reverse("acknowledge", args=[signer.sign(f"{post_id}-{person_id}")])


def behind(token: str) -> tuple[Post, User] | None:
    """Return the post and the person of a link that works; None for a forged one, too."""
    try:
        post_id, person_id = signer.unsign(token).split("-")
    except BadSignature:
        return None
    return asked(int(post_id), int(person_id))


def awaiting(posts: QuerySet[Post], person: User) -> QuerySet[Post]:
    """Add whether each post `waits` for a first answer of `person`."""
    mine = Acknowledgement.objects.filter(post=OuterRef("pk"), person=person)
    waits = When(~Exists(mine), asks_acknowledgement=True, then=True)
    return posts.annotate(waits=Case(waits, default=False))


def answers(posts: list[Post], person: User) -> None:
    """Give posts that ask when `person` acknowledged them, or else the path to do so."""
    asking = {it.pk: it for it in posts if it.asks_acknowledgement}
    mine = Acknowledgement.objects.filter(post__in=asking, person=person) if asking else ()
    for it in mine:
        if it.version == asking[it.post_id].version:
            asking.pop(it.post_id).acknowledged_at = it.at
    for post in asking.values():
        post.acknowledge_path = path_for(post.pk, person.pk)


def asked(post_id: int, person_id: int) -> tuple[Post, User] | None:
    """Return post and person if the one asks the other, now, to acknowledge it."""
    post = Post.objects.asking().select_related("author").filter(pk=post_id).first()
    person = post and recipients(post).filter(pk=person_id).first()
    return (post, person) if post and person else None


def address_in(mail: Mail) -> str:
    """Return the link that a mail, about to be sent, is to hold: none when it would be dead.

    A reminder of what was acknowledged meanwhile, or is over, is Withdrawn.
    """
    if mail.template == TRIAL or not mail.pk:  # for a preview, of which nothing is stored
        return site_url(reverse("acknowledge", args=[TRIAL]))
    person = User.objects.at_address(mail.to).values_list("pk", flat=True).first()
    post_id = int(mail.context["acknowledges"].strip("/"))
    found = asked(post_id, person) if person else None
    if mail.template == REMINDER and (not found or is_done(*found)):
        raise Withdrawn
    return site_url(path_for(post_id, person)) if found else ""


def is_done(post: Post, person: User) -> bool:
    return post.acknowledgements.filter(person=person, version=post.version).exists()


def acknowledge(post: Post, person: User) -> bool | None:
    """Write down that `person` has read `post` as it is; False if it was before.

    None where either is gone.
    """
    with batched():
        if not (hold(post) and hold(person)):
            return None
        facts = {"name": person.name, "version": post.version}
        mine, is_new = post.acknowledgements.get_or_create(person=person, defaults=facts)
        if is_new or mine.version == post.version:
            return is_new
        mine.version, mine.at = post.version, timezone.now()
        mine.save()
        return True


# --- Who has, and who has not ----------------------------------------------------------------


def without(post: Post, people: QuerySet, also_earlier: bool = False) -> QuerySet:
    """Return those of `people` who have not acknowledged a post, or only an earlier text of it."""
    done = Acknowledgement.objects.using(people.db).filter(post=post, person=OuterRef("pk"))
    return people.exclude(Exists(done.filter(version=post.version) if also_earlier else done))


def with_state(people: QuerySet, post_id: int | None, version: str) -> QuerySet:
    """Add when each of `people` acknowledged a post, and the `state`: yes, earlier (text) or no."""
    mine = Acknowledgement.objects.filter(post=post_id, person=OuterRef("pk"))
    return people.annotate(
        acknowledged_at=Subquery(mine.values("at")[:1]),
        state=Case(
            When(Exists(mine.filter(version=version)), then=Value("yes")),
            When(Exists(mine), then=Value("earlier")),
            default=Value("no"),
        ),
    )


def in_state(post: Post) -> dict[str, Q]:
    """Return the condition of each state, by who has acknowledged: no person is asked in turn."""
    mine = Acknowledgement.objects.order_by().filter(post=post, person__isnull=False)
    now, done = mine.filter(version=post.version), mine.values("person")
    return {
        "earlier": Q(pk__in=mine.exclude(version=post.version).values("person")),
        "no": ~Q(pk__in=done),
        "yes": Q(pk__in=now.values("person")),
    }


def numbers(post: Post) -> dict[str, int]:
    """Return how many a post asks, have acknowledged it, and of them an `earlier` text."""
    people = recipients(post).order_by()
    now = Q(acknowledgements__version=post.version)
    count = people.filter(acknowledgements__post=post).aggregate(
        done=Count("pk"), earlier=Count("pk") - Count("pk", filter=now)
    )
    return {"asked": people.count(), **count}


def unfinished() -> QuerySet[Post]:
    """Return the live posts that somebody has not acknowledged yet."""
    audience = Post.audience.through.objects
    missing = User.objects.active().exclude(
        Exists(Acknowledgement.objects.filter(post=OuterRef(OuterRef("pk")), person=OuterRef("pk")))
    )
    theirs = audience.filter(
        post=OuterRef(OuterRef("pk")), department=OuterRef("profile__department")
    )
    for_all = ~Exists(audience.filter(post=OuterRef("pk"))) & Exists(missing)
    return Post.objects.asking().filter(for_all | Exists(missing.filter(Exists(theirs))))
