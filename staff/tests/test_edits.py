"""Pages about people that were opened before, and saved after, somebody else's change."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import signing
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import QuerySet
from django.db.models.signals import pre_save
from django.test.utils import CaptureQueriesContext

from documents.tests.factories import jpeg_bytes, make_document
from intranet.tests.pages import confirmed, opened, page, sent, sign_in
from intranet.trace.models import Change
from staff.models import Department, Profile, User
from staff.tests.factories import make_department, make_user

pytestmark = pytest.mark.django_db


def updates(queries):
    """Return the statements that change rows of the three apps of the site."""
    statements = [query["sql"] for query in queries]
    return [
        sql
        for sql in statements
        if sql.startswith(('UPDATE "staff', 'UPDATE "documents', 'UPDATE "auth', "DELETE"))
        and "intranet_sentform" not in sql
    ]


class TestTheOthersEdit:
    def test_stays_on_the_account(self, client, ann, other):
        form = opened(client, page(ann), first_name="Anna")
        confirmed(other, page(ann), opened(other, page(ann), last_name="Berger"))

        confirmed(client, page(ann), form)

        ann.refresh_from_db()
        assert (ann.first_name, ann.last_name) == ("Anna", "Berger")

    def test_stays_on_the_profile(self, client, ann, other):
        lab, boss = make_department("Lab"), make_user("boss")
        form = opened(client, page(ann), **{"profile-0-phone": "12"})
        theirs = {
            "profile-0-job_title": "Chemist",
            "profile-0-department": lab.pk,
            "profile-0-manager": boss.pk,
            "profile-0-started_on": "01/02/2020",
            "profile-0-photo": ContentFile(jpeg_bytes(), name="ann.jpg"),
        }
        confirmed(other, page(ann), opened(other, page(ann), **theirs))

        confirmed(client, page(ann), form)

        profile = Profile.objects.get(user=ann)
        assert (profile.phone, profile.job_title, profile.department, profile.manager) == (
            "12", "Chemist", lab, boss,
        )  # fmt: skip
        assert str(profile.started_on) == "2020-02-01"
        assert profile.photo

    def test_stays_on_a_department(self, client, root, other):
        lab = make_department("Lab", groups=["Keys", "Gas"])
        form = opened(client, page(lab), name="Laboratory")
        form["groups"].append(str(Group.objects.create(name="Acid").pk))
        lab.groups.remove(Group.objects.get(name="Keys"))
        Department.objects.filter(pk=lab.pk).update(head=root)

        confirmed(client, page(lab), form)

        lab.refresh_from_db()
        assert (lab.name, lab.head) == ("Laboratory", root)
        assert {group.name for group in lab.groups.all()} == {"Gas", "Acid"}

    def test_stays_on_a_group(self, client, root):
        keys = Group.objects.create(name="Keys")
        one, two, three, four = Permission.objects.all()[:4]
        keys.permissions.add(one, two)
        form = opened(client, page(keys), name="Locks")
        form["permissions"] = [str(two.pk), str(three.pk)]
        keys.permissions.add(four)

        confirmed(client, page(keys), form)

        keys.refresh_from_db()
        assert keys.name == "Locks"
        assert set(keys.permissions.all()) == {two, three, four}


class TestWrites:
    def test_name_only_the_columns_that_changed(self, client, ann):
        form = opened(client, page(ann), first_name="Anna", **{"profile-0-phone": "12"})

        with CaptureQueriesContext(connection) as queries:
            confirmed(client, page(ann), form)

        account, profile = updates(queries)
        assert 'SET "first_name" = ' in account and "email" not in account
        assert 'SET "phone" = ' in profile and "job_title" not in profile

    def test_are_none_when_nothing_changed(self, client, ann):
        make_document(ann)
        form = opened(client, page(ann))

        with CaptureQueriesContext(connection) as queries:
            assert confirmed(client, page(ann), form).status_code == 302

        assert not updates(queries)

    def test_leave_a_group_that_comes_while_they_are_written(self, client, ann):
        keys, editors = Group.objects.create(name="Keys"), Group.objects.get(name="Editors")
        form = opened(client, page(ann), first_name="Anna")
        form["groups"].append(str(editors.pk))

        def give_keys(instance, **kwargs):
            instance.groups.add(keys)

        pre_save.connect(give_keys, sender=User)
        try:
            confirmed(client, page(ann), form)
        finally:
            pre_save.disconnect(give_keys, sender=User)

        assert {keys, editors} <= set(ann.groups.all())

    def test_do_not_tidy_what_was_only_looked_at(self, client, ann):
        User.objects.filter(pk=ann.pk).update(first_name=" Ann ")

        confirmed(client, page(ann), opened(client, page(ann), last_name="Berger"))

        assert User.objects.get(pk=ann.pk).first_name == " Ann "
        assert Change.objects.last().values == {"last_name": ["Berg", "Berger"]}

    def test_without_knowing_what_was_opened_write_the_changes_only(self, client, ann):
        form = opened(client, page(ann), first_name="Anna", _opened=None)

        with CaptureQueriesContext(connection) as queries:
            confirmed(client, page(ann), form)

        (account,) = updates(queries)
        assert "email" not in account

    def test_add_and_take_groups_instead_of_setting_all(self, client, ann):
        form = opened(client, page(ann))
        form["groups"].append(str(Group.objects.get(name="Editors").pk))

        with CaptureQueriesContext(connection) as queries:
            confirmed(client, page(ann), form)

        assert not updates(queries)
        assert ann.groups.count() == 3


class TestSomebodyWithoutProfile:
    def test_gets_the_one_that_is_filled_in(self, client, ann):
        QuerySet(Profile).filter(user=ann)._raw_delete("default")
        form = opened(client, page(ann), **{"profile-0-phone": "12"})

        assert confirmed(client, page(ann), form).status_code == 302
        assert Profile.objects.get(user=ann).phone == "12"


class TestPageOfAnother:
    @pytest.mark.parametrize("forge", [str.upper, lambda token: "", lambda token: "x" + token])
    def test_forged(self, client, ann, forge):
        form = opened(client, page(ann), first_name="Anna")
        form["_opened"] = [forge(form["_opened"][0])]

        response = confirmed(client, page(ann), form)

        assert "Open it anew" in response.content.decode()
        assert User.objects.get(pk=ann.pk).first_name == "Ann"

    def test_of_another_person_is_refused_until_the_page_is_opened_anew(self, client, ann, root):
        form = opened(client, page(ann), first_name="Anna")
        form["_opened"] = opened(client, page(root))["_opened"]

        response = confirmed(client, page(ann), form)
        again = confirmed(client, page(ann), sent(response))

        assert "Open it anew" in again.content.decode()
        assert User.objects.get(pk=ann.pk).first_name == "Ann"


class TestWhatThePageCarries:
    def test_is_what_it_shows_and_no_secret(self, client, ann):
        token = opened(client, page(ann))["_opened"][0]

        values = signing.loads(token, salt=f"staff.User:{ann.pk}")

        assert set(values[f"staff.User:{ann.pk}"]) == {
            "first_name", "last_name", "email", "username", "is_staff", "is_active",
            "groups", "is_superuser", "user_permissions", "language",
        }  # fmt: skip
        assert set(values) == {"at", f"staff.User:{ann.pk}", f"staff.Profile:{ann.profile.pk}"}

    def test_is_nothing_on_a_page_to_look_at(self, client, ann):
        viewer = make_user("viewer")
        viewer.user_permissions.add(Permission.objects.get(codename="view_user"))

        response = sign_in(viewer).get(page(ann))

        assert response.status_code == 200
        assert "_opened" not in response.content.decode()

    @pytest.mark.parametrize(("save", "djangos_own"), [(False, 0), (True, 1)])
    def test_takes_no_queries_for_more_papers(self, client, ann, save, djangos_own):
        def queries():
            form = opened(client, page(ann), first_name="Anna" if save else "Anne")
            with CaptureQueriesContext(connection) as captured:
                confirmed(client, page(ann), form) if save else client.get(page(ann))
            return len(captured)

        make_document(ann)
        queries()
        few = queries()
        for _ in range(4):
            make_document(ann)

        assert queries() <= few + 4 * djangos_own


class TestDeletedMeanwhile:
    @pytest.mark.parametrize("make", [make_user, make_department])
    def test_says_so(self, client, root, make):
        obj = make("gone")
        form = opened(client, page(obj))
        obj.delete()

        response = confirmed(client, page(obj), form, follow=True)

        assert response.status_code == 200
        assert "was deleted meanwhile. Nothing was saved." in response.content.decode()

    def test_a_group_deleted_meanwhile_is_not_missed(self, client, ann):
        keys = Group.objects.create(name="Keys")
        ann.groups.add(keys)
        form = opened(client, page(ann), first_name="Anna")
        keys.delete()

        assert confirmed(client, page(ann), form).status_code == 302
        assert User.objects.get(pk=ann.pk).first_name == "Anna"
