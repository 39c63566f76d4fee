"""The demo's departments and people; their names are in demo.toml."""

import secrets
import tomllib
from datetime import date, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image, ImageDraw

from intranet import troubles
from intranet.access.password_links import mail_link
from intranet.models import Mail, PasswordLink, Trouble

from . import leaving
from .models import Department, Profile, User

DATA = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
# Who is what, by number.
GONE, GOING, OVERDUE = (12, 24, 36, 51), 60, 57  # has left, is about to, and could not today
SUCCESSOR = 52  # of the head who has left
NOWHERE = 50  # joins without department or manager
INVITED = {7: 9, 38: 2}  # and how many days ago
UNREACHED = 22  # whose invitation came back
PLANNED = 41  # begins in two weeks, and is invited then


def fill(progress) -> list[str]:
    """Create departments, people and two accounts with a role; return lines for the summary."""
    progress.total += sum(facts["size"] for facts in DATA["departments"])
    numbers, lines = count(1), []
    for facts in DATA["departments"]:
        department = Department.objects.create(name=facts["name"])
        if not facts["size"]:
            continue
        department.groups.add(Group.objects.create(name=f"{department} team"))
        department.head = add_person(next(numbers), department, facts["head"], is_staff=True)
        department.save()
        for place in range(facts["size"] - 1):
            job = facts["jobs"][place % len(facts["jobs"])]
            add_person(next(numbers), department, job)
        if "role" in facts:
            lines.append(sign_in(department.head, facts["role"], facts["may"]))
        progress.update(facts["size"])
    let_heads_report()
    let_some_leave()
    invite_some()
    total = f"{next(numbers) - 1} people in {len(DATA['departments'])} departments"
    return [*lines, f"{total}, {len(GONE)} of whom have left."]


def add_person(number: int, department, job: str, is_staff: bool = False) -> User:
    round_, place = divmod(number, 30)
    first_name = DATA["first_names"][place]
    last_name = DATA["last_names"][(place + 7 * round_) % 30]
    username = f"{first_name}.{last_name}".lower()
    user = User.objects.create_user(
        username,
        f"{username}@example.com",
        first_name=first_name,
        last_name=last_name,
        is_staff=is_staff,
    )
    profile = user.profile
    profile.job_title = job
    profile.department = department
    profile.manager = department.head
    profile.phone = f"01632 960{number:03}"  # numbers kept free for fiction
    profile.location = DATA["locations"][number % 5]
    profile.staff_number = f"M{number:04}"
    profile.started_on = first_day(number)
    profile.photo = ContentFile(portrait(number), name="photo.jpg")
    profile.save()
    return user


def first_day(number: int) -> date:
    """Return a day in the last 12 years; every fifteenth person joins this month."""
    today = timezone.localdate()
    if number % 15 == 5:
        return today.replace(day=1)
    return today - timedelta(days=60 + number * 331 % 4300)


def portrait(number: int) -> bytes:
    """Return a square JPEG of head and shoulders in colours that only `number` has."""
    hue = number * 47 % 360
    image = Image.new("RGB", (512, 512), f"hsl({hue}, 45%, 85%)")
    draw = ImageDraw.Draw(image)
    skin = f"hsl({18 + number % 14}, 48%, {38 + number * 7 % 44}%)"
    hair = f"hsl({number * 5 % 42}, 42%, {12 + number * 11 % 50}%)"
    draw.ellipse((72, 400, 440, 760), f"hsl({(hue + 150) % 360}, 45%, 48%)")
    draw.rounded_rectangle((140, 90, 372, 260 + number % 3 * 75), 116, hair)
    draw.rectangle((220, 300, 292, 420), skin)
    draw.ellipse((156, 136, 356, 360), skin)
    draw.chord((150, 96, 362, 290), 185, 355, hair)
    for x in (206, 290):
        draw.ellipse((x, 232, x + 18, 254), "#2b2428")
    draw.arc((212, 236, 300, 314), 25, 155, "#7a2f34", 8)
    file = BytesIO()
    image.reduce(2).save(file, "JPEG")
    return file.getvalue()


def sign_in(user: User, role: str, may: str) -> str:
    """Give somebody a role and a random password; return the line that tells it."""
    password = secrets.token_urlsafe(9)
    user.set_password(password)
    user.last_login = timezone.now() - timedelta(days=3)
    user.save()
    user.groups.add(Group.objects.get(name=role))
    return f"  {user.username:<22} {password:<14} {may}"


def person(number: int) -> User:
    return User.objects.get(profile__staff_number=f"M{number:04}")


def let_heads_report() -> None:
    """Let all heads report to the first of them, and somebody to nobody yet."""
    first = person(1)
    Profile.objects.filter(manager=None).exclude(user=first).update(manager=first)
    nowhere = person(NOWHERE).profile
    nowhere.department = nowhere.manager = None
    nowhere.save()


def let_some_leave() -> None:
    today = timezone.localdate()
    for number in GONE:
        user = person(number)
        manager = user.profile.manager
        successor = person(SUCCESSOR) if user.heads.exists() else manager
        leaving.plan(user, today - timedelta(days=4 * number), successor)
    going, overdue = person(GOING), person(OVERDUE)
    leaving.plan(going, today + timedelta(days=20), going.profile.manager, "Retires.")
    Profile.objects.filter(user=overdue).update(left_on=today)
    Trouble.objects.create(  # or else the worker would let them go at once
        kind=leaving.TROUBLE,
        key=overdue.profile.pk,
        attempts=9,
        next_attempt_at=timezone.now() + timedelta(minutes=55),
        told_at=timezone.now(),
        error=troubles.BUSY,
    )


def invite_some() -> None:
    """Leave one invitation unanswered for long, one for days; one could not be delivered."""
    for number, days in INVITED.items():
        user, then = person(number), timezone.now() - timedelta(days=days)
        mail_link("welcome", user)
        links = PasswordLink.objects.filter(user=user)
        links.update(made_at=then)
        mails = Mail.objects.filter(pk__in=links.values("mail"))
        mails.update(status=Mail.Status.SENT, created_at=then, sent_at=then, context={})
    begins = timezone.localdate() + timedelta(days=14)
    planned = Profile.objects.filter(user=person(PLANNED))
    planned.update(started_on=begins, invite_on=begins)
    User.objects.filter(profile__in=planned).update(is_staff=True)
    mail_link("welcome", person(UNREACHED))
    Mail.objects.filter(status=Mail.Status.QUEUED).update(
        status=Mail.Status.FAILED, attempts=1, error="550 5.1.1 There is no such mailbox."
    )
