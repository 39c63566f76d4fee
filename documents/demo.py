"""The demo's papers and posts."""

from datetime import timedelta
from random import Random

from django.core.files.base import ContentFile
from django.utils import timezone

from staff.models import Department, User

from .demo_pages import certificate_page, contract_page, cv_page
from .models import Document, Post

Kind = Document.Kind

# Title, body, goes live in … days, ends after … days (None: never), pinned, audience.
POSTS = [
    (
        "Welcome to the intranet",
        "<div>Good to have you here. This is where Moss &amp; Marble keeps its "
        "<strong>people</strong>, their <strong>papers</strong> and its "
        "<strong>posts</strong>.</div>"
        "<ul><li>Somebody new? Add them under <em>People</em>: profile, groups and the welcome "
        "mail follow by themselves.</li><li>A new CV? Open the person and replace the old one; "
        "its file goes too.</li><li>News? Write a post and choose who it is for.</li></ul>"
        "<div>Nothing here is real. Change and delete as you like.</div>",
        -20, None, True, [],
    ),
    (
        "Glasshouse closed for cleaning",
        "<div>The glasshouse is closed on <strong>Thursday and Friday</strong>. Please take the "
        "seedlings you need before Wednesday evening.</div>",
        -1, 6, False, ["Gardens", "Research"],
    ),
    (
        "Summer fair: helpers wanted",
        "<div>Three stalls still look for somebody:</div><ol><li>Plant swap</li><li>Stone carving "
        "for children</li><li>Tea and cake</li></ol><div>Tell the head of your department.</div>",
        -4, 21, False, [],
    ),
    (
        "First aid course: six places left",
        "<div>A day in the old mill, lunch included. Certificates are kept with your papers and "
        "are valid for three years.</div>"
        "<blockquote>Last time it was full in two days.</blockquote>",
        -9, 30, False, [],
    ),
    (
        "Expenses: hand in receipts by the 25th",
        "<div>Later ones are paid a month later. Photos of receipts are fine.</div>",
        -12, None, False, ["Finance", "People", "Workshop"],
    ),
    (
        "New saw in the workshop",
        "<div>Nobody starts it before the <strong>safety talk</strong> on Monday at nine.</div>",
        -2, 14, False, ["Workshop"],
    ),
    ("Pay day moves forward", "<div>Wages arrive three days early.</div>", 5, 40, False, []),
    (
        "Winter opening hours",
        "<div>The main house closes at four, the quarry yard at three.</div>",
        12, 120, False, [],
    ),
    (
        "Quarry yard: the new crane is here",
        "<div>It lifts four tonnes. A plan of the loading area hangs at the gate.</div>",
        -90, 30, False, ["Workshop", "Gardens"],
    ),
    (
        "Thank you for a fine spring",
        "<div>More visitors than ever, and the magnolia survived all of them.</div>",
        -140, 60, False, [],
    ),
]  # fmt: skip


def fill(rng: Random, progress) -> list[str]:
    """Create a CV for everybody, some other papers, and posts; return lines for the summary."""
    people = list(
        User.objects.filter(is_superuser=False)
        .select_related("profile__department", "profile__manager")
        .order_by("pk")
    )
    progress.total += len(people) + len(POSTS)
    hr = Department.objects.get(name="People").head
    for number, person in enumerate(people):
        add_paper(person, Kind.CV, "CV", cv_page(rng, person), hr)
        if number % 4 == 0:
            add_paper(person, Kind.CONTRACT, "Contract of employment", contract_page(person), hr)
        if number % 5 == 0:
            ends = timezone.localdate() + timedelta(days=rng.randint(-60, 700))
            page = certificate_page(person, ends)
            add_paper(person, Kind.CERTIFICATE, "First aid at work", page, hr, ends)
        progress.update()
    for post in POSTS:
        add_post(*post)
        progress.update()
    return [f"{Document.objects.count()} papers and {Post.objects.count()} posts."]


def add_paper(person, kind, title, page: bytes, uploaded_by, expires_on=None) -> None:
    name = f"{title} {person.name}.pdf".replace(" ", "-")
    Document.objects.create(
        owner=person,
        kind=kind,
        title=title,
        file=ContentFile(page, name=name),
        expires_on=expires_on,
        uploaded_by=uploaded_by,
        uploaded_at=timezone.now() - timedelta(days=person.pk % 40),
    )


def add_post(title, body, live_in, ends_after, pinned, audience) -> None:
    goes_live = timezone.now() + timedelta(days=live_in)
    post = Post.objects.create(
        title=title,
        body=body,
        author=Department.objects.get(name="Communications").head,
        publish_at=goes_live,
        expires_at=ends_after and goes_live + timedelta(days=ends_after),
        pinned=pinned,
    )
    post.audience.set(Department.objects.filter(name__in=audience))
