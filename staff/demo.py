"""The demo's departments and people: named after plants and stones, so that nobody is meant."""

import secrets
from datetime import date, datetime, time, timedelta
from random import Random

from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.utils import timezone

from . import leaving
from .avatars import avatar
from .models import Department, User

# Department: how many people, the head's job, the others' jobs.
DEPARTMENTS = {
    "People": (6, "Head of People", ["HR officer", "Recruiter", "Payroll clerk"]),
    "Finance": (8, "Head of Finance", ["Accountant", "Bookkeeper", "Buyer"]),
    "Communications": (7, "Head of Communications", ["Writer", "Designer", "Photographer"]),
    "Gardens": (16, "Head gardener", ["Gardener", "Apprentice gardener", "Tree surgeon"]),
    "Workshop": (13, "Workshop manager", ["Stonemason", "Carpenter", "Fitter", "Apprentice"]),
    "Research": (10, "Head of Research", ["Botanist", "Geologist", "Laboratory assistant"]),
}
FIRST_NAMES = [
    "Alder", "Aster", "Basil", "Briar", "Bryony", "Clover", "Cicely", "Fennel", "Fern", "Hazel",
    "Heather", "Iris", "Ivy", "Jasmine", "Juniper", "Laurel", "Linden", "Marigold", "Myrtle",
    "Olive", "Poppy", "Primrose", "Rosemary", "Rowan", "Saffron", "Sage", "Sorrel", "Tansy",
    "Willow", "Zinnia",
]  # fmt: skip
LAST_NAMES = [
    "Agate", "Basalt", "Beryl", "Calcite", "Chert", "Dolomite", "Feldspar", "Flint", "Fluorite",
    "Galena", "Garnet", "Gneiss", "Granite", "Gypsum", "Jasper", "Limestone", "Malachite",
    "Marble", "Mica", "Obsidian", "Onyx", "Opal", "Pumice", "Pyrite", "Quartz", "Sandstone",
    "Schist", "Shale", "Slate", "Topaz",
]  # fmt: skip
LOCATIONS = ["Main house", "Glasshouse", "Quarry yard", "Old mill", "From home"]
LEAVERS = 4


def fill(rng: Random, progress) -> list[str]:
    """Create departments, people and two accounts with a role; return lines for the summary."""
    progress.total += sum(size for size, _, _ in DEPARTMENTS.values())
    names = people_names(rng)
    numbers = iter(range(1, len(names) + 1))
    for name, (size, top_job, jobs) in DEPARTMENTS.items():
        department = Department.objects.create(name=name)
        department.groups.add(Group.objects.get_or_create(name=f"{name} team")[0])
        for place in range(size):
            job = rng.choice(jobs) if place else top_job
            number = next(numbers)
            person = add_person(rng, *names[number - 1], department, job, number)
            if not place:
                department.head = person
                department.save()
            progress.update()
    let_some_leave(rng)
    people = User.objects.filter(is_superuser=False)
    return [
        sign_in("People", "HR", "human resources: people and papers"),
        sign_in("Communications", "Editors", "editor: posts"),
        f"{people.count()} people in {len(DEPARTMENTS)} departments, {LEAVERS} of whom have left.",
    ]


def people_names(rng: Random) -> list[tuple[str, str]]:
    """Return 60 different names; every first and every last name occurs twice."""
    first, last = rng.sample(FIRST_NAMES, 30), rng.sample(LAST_NAMES, 30)
    return list(zip(first + first, last + last[7:] + last[:7], strict=True))


def add_person(rng, first_name, last_name, department, job_title, number) -> User:
    username = f"{first_name}.{last_name}".lower()
    today = timezone.localdate()
    user = User.objects.create_user(
        username,
        f"{username}@example.com",
        first_name=first_name,
        last_name=last_name,
        is_staff=department.head_id is None,
    )
    profile = user.profile
    profile.job_title = job_title
    profile.department = department
    profile.manager = department.head
    profile.phone = f"01632 960{number:03}"  # numbers kept free for fiction
    profile.location = rng.choice(LOCATIONS)
    profile.staff_number = f"M{number:04}"
    profile.started_on = first_day(rng, number, today)
    profile.photo = ContentFile(avatar(rng), name="photo.jpg")
    profile.save()
    return user


def first_day(rng: Random, number: int, today: date) -> date:
    """Return a day in the last 12 years; every fifteenth person joins this month."""
    if number % 15 == 0:
        return today.replace(day=min(today.day, rng.randint(1, 28)))
    return today - timedelta(days=rng.randint(60, 12 * 365))


def let_some_leave(rng: Random) -> None:
    """Let LEAVERS people go, some weeks ago, and plan the leaving of one more."""
    staying = User.objects.filter(is_staff=False, is_superuser=False)
    longest = staying.order_by("profile__started_on", "pk")[: LEAVERS * 3]
    today = timezone.localdate()
    *gone, going = rng.sample(list(longest), LEAVERS + 1)
    for user in gone:
        leaving.plan(user, today - timedelta(days=rng.randint(10, 200)), user.profile.manager)
    leaving.plan(going, today + timedelta(days=20), going.profile.manager, "Retires.")


def sign_in(department: str, role: str, what: str) -> str:
    """Give the department's head a role and a random password; return the line that tells it."""
    user = Department.objects.get(name=department).head
    password = secrets.token_urlsafe(9)
    user.set_password(password)
    user.last_login = timezone.make_aware(datetime.combine(user.profile.started_on, time(9)))
    user.save()
    user.groups.add(Group.objects.get(name=role))
    return f"  {user.username:<22} {password:<14} {what}"
