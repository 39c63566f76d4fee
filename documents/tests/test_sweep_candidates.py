"""Which files a sweep may remove, by their names."""

import os
from copy import copy
from pathlib import Path
from re import fullmatch

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from documents.models import Document, document_path
from documents.tests.sweeping import orphan, orphan_not_in_utf_8, run
from intranet.files.fields import UPLOADS, upload_of
from intranet.files.listing import MARKER
from intranet.files.sweep import Sweeper
from staff.models import Profile
from staff.photos import photo_path
from staff.tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tied")]
HEX = "0123456789abcdef0123456789abcdef"


class TestCandidates:
    @pytest.mark.parametrize(
        "name",
        [
            f"cvs/{HEX}.pdf",
            f"other/{HEX}",
            f"identity/{HEX}.jpeg",
            f"contracts/{HEX}_x7GfQ2a.docx",
            f"photos/{HEX}.jpg",
            f"photos/{HEX}_x7GfQ2a.jpg",
        ],
    )
    def test_are_names_that_an_upload_gets(self, name):
        orphan(name)

        assert Sweeper().run().orphans == [("default", name)]

    @pytest.mark.parametrize(
        "name",
        [
            "cvs/left.pdf",
            f"{HEX}.pdf",
            f"cvs/{HEX}.pdf/{HEX}.pdf",
            f"old/cvs/{HEX}.pdf",
            f"cvs/{HEX.upper()}.pdf",
            f"cvs/{HEX}.pdf\n",
            f"cvs/{HEX}.tar.gz",
            f"letters/{HEX}.pdf",
            f"photos/{HEX}.png",
            "backup.dump",
            ".DS_Store",
        ],
    )
    def test_are_no_other_names(self, name, capsys):
        path = Path(default_storage.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1, 1))

        status, output = run(capsys, remove=True, force=True, verbosity=2)

        assert path.exists()
        assert f"left alone: {name!r}" in output
        assert "1 file left alone, too young or named by no upload" in output
        assert status == 0

    def test_are_not_what_is_in_the_folder_of_another_site(self, capsys):
        theirs = orphan(f"photos/{HEX}.jpg")
        default_storage.save(f"photos/{MARKER}", ContentFile(b"somebody else"))

        assert run(capsys, remove=True, force=True)[0] == 0
        assert default_storage.exists(theirs)

    @pytest.mark.parametrize(
        ("upload_to", "name", "is_one"),
        [
            ("papers", "papers/a.txt", True),
            ("papers/", "papers/a_x7GfQ2a.txt", True),
            ("papers", "papers/2026/a.txt", False),
            ("papers", "papers2/a.txt", False),
            ("a.b", "axb/a.txt", False),
            ("", "a.txt", True),
            ("", "papers/a.txt", False),
            (lambda instance, name: name, "a.txt", False),
        ],
    )
    def test_of_any_field(self, upload_to, name, is_one):
        field = copy(Document._meta.get_field("file"))
        field.name, field.upload_to = "another", upload_to

        assert bool(fullmatch(upload_of(field).names, name)) == is_one

    def test_are_no_names_that_are_not_utf_8(self, monkeypatch):
        monkeypatch.delitem(UPLOADS, "documents.Document.file")
        monkeypatch.setattr(Document._meta.get_field("file"), "upload_to", "cvs")
        orphan_not_in_utf_8()

        findings = Sweeper().run()

        assert (findings.orphans, len(findings.left_alone)) == ([], 1)

    def test_are_what_uploads_get(self):
        owner = make_user()
        names = upload_of(Document._meta.get_field("file")).names
        for kind in Document.Kind:
            for name in ("a.pdf", "b.JPEG", "c.docx", "d.exe", "e"):
                assert fullmatch(names, document_path(Document(owner=owner, kind=kind), name))
        names = upload_of(Profile._meta.get_field("photo")).names
        assert fullmatch(names, photo_path(owner.profile, "me.png"))
