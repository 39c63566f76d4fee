import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext, override

from documents.models import Document, Post
from intranet.trace.grouping import DONE
from intranet.trace.models import Change
from intranet.trace.wording import described, model_of, value_text
from staff.models import Profile, User

FILE = "cvs/0123456789abcdef0123456789abcdef.pdf"


def change(model, kind="changed", /, **values):
    content_type = ContentType.objects.get_for_model(model)
    return Change(content_type=content_type, kind=kind, object_name="Ada", values=values)


@pytest.mark.django_db
class TestDescribed:
    @pytest.mark.parametrize(
        ("model", "values", "line"),
        [
            (Profile, {"job_title": ["Clerk", "Head"]}, "Job title: Clerk → Head"),
            (Profile, {"job_title": ["", "Head"]}, "Job title: nothing → Head"),
            (Profile, {"department": ["Lab", None]}, "Department: Lab → nothing"),
            (User, {"is_active": [True, False]}, "Active: yes → no"),
            (User, {"groups": {"added": ["HR", "Club"], "removed": []}}, "Groups: HR, Club added"),
            (
                User,
                {"groups": {"added": ["HR"], "removed": ["Club"]}},
                "Groups: HR added; Club removed",
            ),
            (Document, {"file": ["", FILE]}, "File: nothing → a file"),
            (Document, {"file": [FILE, FILE.replace("0", "9")]}, "File: changed"),
            (Document, {"kind": ["cv", "other"]}, "Kind: CV → Other"),
            (User, {"password": ["", "changed"]}, "Password: changed"),
        ],
    )
    def test_names_the_field_what_it_was_and_what_it_is(self, model, values, line):
        assert described(change(model, **values)) == [line]

    @pytest.mark.parametrize(
        ("kind", "values"), [("created", ["", "Clerk"]), ("deleted", ["Clerk", None])]
    )
    def test_has_one_side_only_of_what_came_or_went(self, kind, values):
        row = change(Profile, kind, job_title=values, phone=["", ""], location=[None, None])

        assert described(row) == ["Job title: Clerk"]

    def test_keeps_fields_that_are_gone_from_the_code(self):
        assert described(change(Group, old_rank=[1, True])) == ["Old rank: 1 → yes"]

    def test_keeps_models_that_are_gone_from_the_code(self):
        gone = ContentType.objects.create(app_label="gone", model="thing")
        row = Change(content_type=gone, kind="changed", values={"colour": ["red", "2030-05-03"]})

        assert described(row) == ["Colour: red → 2030-05-03"]
        assert model_of(row) is None

    def test_needs_no_content_type(self):
        assert described(Change(content_type_id=0, kind="changed", values={"a": [1, 2]}))


class TestValues:
    @pytest.mark.parametrize(
        ("model", "field", "value", "text"),
        [
            (Profile, "started_on", "2030-05-03", "3 May 2030"),
            (Profile, "started_on", "soon", "soon"),
            (Post, "publish_at", "2030-07-03T11:30:00Z", "3 Jul 2030, 12:30"),
            (Post, "body", "<p>Come</p><p>all</p>", "Come all"),
            (Post, "title", "a < b", "a < b"),
            (Document, "size", 0, "0"),
            (Profile, "photo", "photos/ada.png", "ada.png"),
            (None, "tags", ["a", "b"], "a, b"),
            (None, "facts", {"a": 1}, "{'a': 1}"),
        ],
    )
    def test_are_written_as_pages_do(self, model, field, value, text):
        assert value_text(model, field, value) == text

    def test_are_short(self):
        assert len(value_text(Post, "body", "word " * 1000)) == 200

    def test_can_be_anything_in_any_field(self):
        for model in apps.get_models(include_auto_created=True):
            for field in model._meta.get_fields():
                for value in ("x", "", None, 1, 1.5, True, [1], {"a": 1}):
                    assert value_text(model, field.name, value)


@pytest.mark.parametrize("done", [it for both in DONE.values() for it in both])
def test_what_was_done_to_one_or_many_begins_big_in_french(done):
    with override("fr"):
        assert gettext(done)[0].isupper()
