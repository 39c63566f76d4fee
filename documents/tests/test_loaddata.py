"""`loaddata` writes what stands in its file, and nothing happens by itself."""

import json

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from documents.models import Document, Post
from documents.tests.factories import make_document, make_post
from intranet.files.models import FileRemoval
from intranet.outbox.models import Mail, Notice
from staff.models import Department, Profile, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    """Fill a site in which nothing is as the receivers would have made it."""
    make_superuser()
    lab = make_department("Lab", groups=["Readers"])
    ada, eve = make_user("ada", department=lab), make_user("eve", is_staff=False)
    make_document(ada)
    make_post(author=ada, audience=[lab])
    ada.groups.clear()
    eve.groups.set(Group.objects.filter(name__in=["Readers", "HR"]))
    for model in (Mail, Notice, FileRemoval):
        model.objects.all().delete()


def dump(path=None):
    call_command("dumpdata", "auth", "staff", "documents", "intranet", output=path, indent=1)


def test_a_site_is_what_was_dumped(site, tmp_path):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    dump(before)
    for links in (Department.groups, User.groups, Post.audience):
        links.through.objects.all().delete()
    Profile.objects.update(job_title="Another")
    Document.objects.update(title="Another", file="cvs/another.pdf")
    Post.objects.update(body="Another", mailed_at=None)

    call_command("loaddata", before, verbosity=0)
    dump(after)

    assert json.loads(after.read_text()) == json.loads(before.read_text())
