"""The demo's papers and posts; their texts are in demo.toml."""

import tomllib
from datetime import timedelta
from pathlib import Path

from django.core.files.base import ContentFile
from django.utils import timezone
from fpdf import FPDF

from staff.models import Department, User

from .acknowledging import acknowledge
from .models import Document, Post, Requirement
from .publishing import recipients
from .versions import renew

DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
FOOT = "<p><i>A made-up paper about a made-up person, for demonstration only.</i></p>"


def fill(progress) -> list[str]:
    """Create papers, what is required of whom, and posts; return lines for the summary."""
    people = User.objects.filter(is_superuser=False).select_related("profile__department")
    progress.total += len(people) + len(DATA["posts"])
    hr, editor = (User.objects.get(groups__name=role) for role in ("HR", "Editors"))
    for number, person in enumerate(people.order_by("pk")):
        if not person.profile.department:  # whose papers are still to come
            continue
        for paper in DATA["papers"]:
            if number % paper.get("every", 1) == 0:
                add_paper(person, number, hr, **paper)
        progress.update()
    for it in DATA["requirements"]:
        department = Department.objects.filter(name=it.get("department")).first()
        Requirement.objects.create(**it | {"department": department})
    for post in DATA["posts"]:
        add_post(editor, **post)
        progress.update()
    return [f"{Document.objects.count()} papers and {Post.objects.count()} posts."]


def add_paper(owner, number, uploaded_by, *, every=1, renewed_every=0, **facts) -> None:
    """Store a paper; of some there is a former version, three years older."""
    if renewed_every and number % renewed_every == 1:
        old = paper_of(owner, number, uploaded_by, years=3, **facts)
        old.save()
        renew(old.pk, paper_of(owner, number, uploaded_by, **facts))
    else:
        paper_of(owner, number, uploaded_by, **facts).save()


def paper_of(owner, number, uploaded_by, *, kind, title, page, runs_out=False, years=0) -> Document:
    days = years * 365
    ends_on = timezone.localdate() + timedelta(days=number * 4 - 60 - days) if runs_out else None
    html = page.format(person=owner, profile=owner.profile, expires_on=ends_on)
    return Document(
        owner=owner,
        kind=kind,
        title=title,
        file=ContentFile(pdf(html + FOOT), name=f"{title} {owner.name}.pdf".replace(" ", "-")),
        expires_on=ends_on,
        uploaded_by=uploaded_by,
        uploaded_at=timezone.now() - timedelta(days=number % 40 + days),
    )


def pdf(html: str) -> bytes:
    page = FPDF()
    page.set_font("Helvetica", size=11)
    page.add_page()
    page.write_html(html)
    return bytes(page.output())


def add_post(author, *, title, body, live_in, ends_after=None, audience=(), **options) -> None:
    """Write a post; one that asks to be acknowledged is, by every second reader."""
    goes_live = timezone.now() + timedelta(days=live_in)
    post = Post.objects.create(
        title=title,
        body=body,
        author=author,
        publish_at=goes_live,
        expires_at=ends_after and goes_live + timedelta(days=ends_after),
        **options,
    )
    post.audience.set(Department.objects.filter(name__in=audience))
    if post.asks_acknowledgement:
        for reader in recipients(post).order_by("pk")[::2]:
            acknowledge(post, reader)
