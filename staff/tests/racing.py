"""Races through the admin, in processes of their own: `python -m staff.tests.racing NAME`.

They run on the database in DATABASE_URL. The racers wait for each other, then post at the same
moment; what came of each round is printed as JSON. test_races.py judges it.
"""

import json
import multiprocessing
import re
import sys
import time

import django

ROUNDS = 3
MANY = 5000


def race(posters) -> list[list]:
    """Run functions at the same moment, each in a process; return what each returns."""
    from django.db import connections

    connections.close_all()
    forks = multiprocessing.get_context("fork")
    barrier, answers = forks.Barrier(len(posters)), forks.SimpleQueue()
    racers = [forks.Process(target=lambda p=p: answers.put(p(barrier))) for p in posters]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
        racer.kill()
    return [answers.get() for racer in racers if racer.exitcode == 0]


def poster(user, url, asks=False, **changes):
    """Return a racer that sends, as `user`, the form at `url` with `changes`.

    Who `asks` was shown before what it does, the others if it is to be confirmed. It answers with
    the status and the errors or messages that the page shows.
    """
    from django.test import Client

    from intranet.tests.pages import confirming, posted

    client = Client(raise_request_exception=False)
    client.force_login(user)
    page = client.get(url)
    whole = "adminform" in (page.context_data or {}) and "csrfmiddlewaretoken" not in changes
    data = posted(page, **changes) if whole else changes
    if asks:
        data |= confirming(client.post(url, {**data, "_ask": "yes"})) | {"post": "yes"}

    def post(barrier):
        barrier.wait(30)
        response = client.post(url, data)
        while not asks and "_said" in confirming(response):  # again when others were faster
            response = client.post(url, data | confirming(response))
        told = (response.context or {}).get("errors") or response.cookies.get("messages", "")
        return [response.status_code, str(told)]

    return post


def mutual(aim):
    """Let two superusers take each other away, ROUNDS times: [superusers left, answers]."""
    from django.db.models import QuerySet

    from staff.models import User
    from staff.tests.factories import make_superuser

    def round_of(number):
        QuerySet(User).update(is_superuser=False)
        pair = [make_superuser(f"root{number}{side}") for side in "ab"]
        aims = [(me, *aim(other)) for me, other in (pair, pair[::-1])]
        answers = race([poster(me, url, asks=True, **changes) for me, url, changes in aims])
        return [User.objects.superusers().count(), answers]

    return [round_of(number) for number in range(ROUNDS)]


def admin_page(name, *args):
    from django.urls import reverse

    return reverse(f"admin:staff_{name}", args=args)


def demoting():
    return mutual(lambda it: (admin_page("user_change", it.pk), {"is_superuser": None}))


def deactivating():
    return mutual(lambda it: (admin_page("user_change", it.pk), {"is_active": None}))


def deleting():
    return mutual(lambda it: (admin_page("user_delete", it.pk), {"post": "yes"}))


def bulk(action, row, **values):
    return {"action": action, "_selected_action": [row.pk], **values}


def deactivating_in_bulk():
    return mutual(lambda it: (admin_page("user_changelist"), bulk("deactivate", it)))


def deleting_in_bulk():
    chosen = admin_page("user_changelist")
    return mutual(lambda it: (chosen, bulk("delete_selected", it, post="yes")))


def leaving():
    from django.utils import timezone

    answers = {"post": "yes", "left_on": str(timezone.localdate())}
    return mutual(lambda it: (admin_page("user_leave_person", it.pk), answers))


def leaving_twice():
    """Let two people of HR let the same person go, ROUNDS times: [notices per admin, answers]."""
    from django.utils import timezone

    from intranet.outbox.models import Notice
    from staff.tests.factories import make_superuser, make_user

    root, hr = make_superuser(), [make_user(roles=["HR"]) for _ in range(2)]
    leaves = {"post": "yes", "left_on": str(timezone.localdate())}

    def round_of(number):
        url = admin_page("user_leave_person", make_user(f"leaver{number}").pk)
        answers = race([poster(me, url, asks=True, **leaves) for me in hr])
        told = Notice.objects.filter(recipient=root, message=f"leaver{number} has left")
        return [told.count(), answers]

    return [round_of(number) for number in range(ROUNDS)]


def adding(emails):
    """Let four people of HR add somebody at once, ROUNDS times: [people added, answers]."""
    from staff.models import User
    from staff.tests.factories import make_user

    hr = [make_user(roles=["HR"]) for _ in range(4)]
    names = {"first_name": "Ivy", "last_name": "Quartz"}

    def round_of(number):
        before = User.objects.count()
        each = zip(hr, emails, strict=True)
        url = admin_page("user_add")
        answers = race([poster(me, url, **names, email=email.format(number)) for me, email in each])
        return [User.objects.count() - before, answers]

    return [round_of(number) for number in range(ROUNDS)]


def adding_one_address():
    domain = "{}@example.com"
    return adding([f"ivy{domain}", f"Ivy{domain}", f"IVY{domain}", f"iVY{domain}"])


def adding_one_user_name():
    return adding([f"rose{{}}@{place}.example.com" for place in "abcd"])


def double_clicking():
    """Let somebody send the same form twice, ROUNDS times: [departments added, answers]."""
    from django.test import Client

    from staff.models import Department
    from staff.tests.factories import make_user

    hr = make_user(roles=["HR"])
    client, url = Client(), admin_page("department_add")
    client.force_login(hr)

    def round_of(number):
        Department.objects.all().delete()
        sent = {"csrfmiddlewaretoken": str(client.get(url).context["csrf_token"])}
        sent |= {"name": f"Lab {number}"}
        answers = race([poster(hr, url, **sent) for _ in range(2)])
        return [Department.objects.count(), answers]

    return [round_of(number) for number in range(ROUNDS)]


def asking_twice():
    """Let somebody ask about many rows twice at once, ROUNDS times: [pieces of work, answers]."""
    from intranet.admin import beside
    from intranet.admin import bulk as many
    from intranet.tasks.models import Work
    from intranet.trace.phrases import phrase
    from staff.tests.factories import make_superuser

    root, many.LONG = make_superuser(), 0
    beside.phrase = lambda *args, **facts: time.sleep(0.3) or phrase(*args, **facts)

    def round_of(number):
        Work.objects.all().delete()
        asked = bulk("delete_selected", root, csrfmiddlewaretoken="x")
        answers = race([poster(root, admin_page("user_changelist"), **asked) for _ in range(2)])
        return [Work.objects.count(), answers]

    return [round_of(number) for number in range(ROUNDS)]


def editing(*changes):
    """Let people save pages of one person at once, ROUNDS times: [what is stored, answers]."""
    from django.test import Client

    from intranet.tests.pages import opened
    from staff.models import User
    from staff.tests.factories import make_superuser, make_user

    editors = [make_superuser(f"editor{number}") for number in range(len(changes))]

    def sent_by(user, url, change):
        client = Client()
        client.force_login(user)
        return opened(client, url, **change)

    def round_of(number):
        person = make_user(f"person{number}", first_name="Ivy", last_name="Quartz", roles=["HR"])
        url = admin_page("user_change", person.pk)
        forms = [
            (me, sent_by(me, url, change)) for me, change in zip(editors, changes, strict=True)
        ]
        answers = race([poster(me, url, **form) for me, form in forms])
        person = User.objects.get(pk=person.pk)
        groups = sorted(group.name for group in person.groups.all())
        phone = person.profile.phone
        return [[person.first_name, person.last_name, phone, person.is_active, groups], answers]

    return [round_of(number) for number in range(ROUNDS)]


def editing_different_things():
    return editing(
        {"first_name": "Iva"},
        {"last_name": "Agate", "is_active": None},
        {"profile-0-phone": "12"},
        {"groups": None},
    )


def editing_the_same():
    return editing({"first_name": "Iva"}, {"first_name": "Ivana"})


def writing_meanwhile(user, url, data):
    """Ask something as `user` and write all the time meanwhile: [longest wait (s), the answer].

    It is about so many rows that a worker answers, as this does at once.
    """
    from django.contrib.auth.models import Group
    from django.db import connections
    from django.test import Client

    from intranet.tasks.run import run_due

    client = Client()
    client.force_login(user)
    group = Group.objects.create(name="Written meanwhile")

    def ask(answers):
        page = client.post(url, data)
        run_due()
        answer = client.get(page.url.replace("/change/", "/answer/")).content.decode()
        answers.put(re.search(r"[\d,]+ people \w+", answer)[0])

    connections.close_all()
    forks = multiprocessing.get_context("fork")
    answers, waits = forks.SimpleQueue(), []
    asking = forks.Process(target=ask, args=[answers])
    asking.start()
    while asking.is_alive():
        start = time.monotonic()
        Group.objects.filter(pk=group.pk).update(name=f"Written {start}")
        waits.append(time.monotonic() - start)
        time.sleep(0.01)
    return [max(waits), answers.get() if asking.exitcode == 0 else ""]


def previewing_an_import():
    from django.core.files.uploadedfile import SimpleUploadedFile

    from staff.tests.factories import make_department, make_superuser
    from staff.tests.tables import csv_bytes
    from staff.tests.test_exchange_bars import HEADER, people

    for name, group in (("Elsewhere", "Choir"), ("Sales", "Sellers")):
        make_department(name, groups=[group])
    file = SimpleUploadedFile("people.csv", csv_bytes(HEADER, *people(MANY)))
    asked = {"resource": "0", "_ask": "1", "csrfmiddlewaretoken": "x", "import_file": file}
    return writing_meanwhile(make_superuser(), admin_page("user_import"), asked)


def asking_to_delete_everybody():
    from staff.models import Profile, User
    from staff.tests.factories import make_superuser

    names = [f"p{number}" for number in range(MANY)]
    people = [User(username=it, email=f"{it}@example.com", first_name=it) for it in names]
    Profile.objects.bulk_create([Profile(user=it) for it in User.objects.bulk_create(people)])
    keys = [str(it.pk) for it in people]
    asked = {"action": "delete_selected", "csrfmiddlewaretoken": "x", "_selected_action": keys}
    return writing_meanwhile(make_superuser(), admin_page("user_changelist"), asked)


def prepare():
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    setup_test_environment()
    settings.EMAIL_BACKEND = "intranet.outbox.mail.OutboxBackend"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    django.setup()
    prepare()
    sys.stdout.write(json.dumps(globals()[sys.argv[1]]()))
