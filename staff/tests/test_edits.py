"""Pages about people that were opened before, and saved after, somebody else's change."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.messages import get_messages
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import QuerySet
from django.db.models.signals import pre_save
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import jpeg_bytes, make_document, pdf_bytes
from intranet.tests.pages import confirmed, opened, sent
from intranet.trace.models import Change
from staff import leaving
from staff.models import Department, Profile, User
from staff.photos import square_photo
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def page(obj):
    opts = obj._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])


def errors(response):
    """Return {field: text} of all forms of a page that was not saved."""
    context = response.context_data
    forms = [context["adminform"].form]
    forms += [form for it in context["inline_admin_formsets"] for form in it.formset.forms]
    return {name: " ".join(texts) for form in forms for name, texts in form.errors.items()}


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def updates(queries):
    """Return the statements that change rows of the three apps of the site."""
    statements = [query["sql"] for query in queries]
    return [
        sql
        for sql in statements
        if sql.startswith(('UPDATE "staff', 'UPDATE "documents', 'UPDATE "auth', "DELETE"))
        and "intranet_sentform" not in sql
    ]


def sign_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(client):
    root = make_superuser(first_name="Rita", last_name="Root")
    client.force_login(root)
    return root


@pytest.fixture
def ann(root):
    return make_user("ann", first_name="Ann", last_name="Berg", roles=["HR"])


@pytest.fixture
def other(root):
    """Another superuser, at the site at the same time, in a browser of their own."""
    return sign_in(make_superuser("otto", first_name="Otto", last_name="Other"))


class TestAccessTakenAway:
    """Each was taken away while the page was open; saving something else leaves it taken away."""

    @pytest.mark.parametrize("switch", ["is_active", "is_staff", "is_superuser"])
    def test_a_switch_stays_off(self, client, ann, switch):
        User.objects.filter(pk=ann.pk).update(is_superuser=True)
        form = opened(client, page(ann), first_name="Anna")
        User.objects.filter(pk=ann.pk).update(**{switch: False})

        confirmed(client, page(ann), form)

        ann.refresh_from_db()
        assert (ann.first_name, getattr(ann, switch)) == ("Anna", False)

    def test_a_withdrawn_group_stays_withdrawn(self, client, ann):
        form = opened(client, page(ann), first_name="Anna")
        ann.groups.remove(Group.objects.get(name="HR"))

        confirmed(client, page(ann), form)

        ann.refresh_from_db()
        assert ann.first_name == "Anna"
        assert [group.name for group in ann.groups.all()] == ["User"]

    def test_a_withdrawn_permission_stays_withdrawn(self, client, ann):
        one, two, three = Permission.objects.all()[:3]
        ann.user_permissions.add(one, two)
        form = opened(client, page(ann))
        ann.user_permissions.remove(one)
        form["user_permissions"].append(str(three.pk))

        confirmed(client, page(ann), form)

        assert set(ann.user_permissions.all()) == {two, three}

    def test_an_old_address_does_not_come_back(self, client, ann):
        form = opened(client, page(ann), first_name="Anna")
        User.objects.filter(pk=ann.pk).update(email="new@example.com")

        confirmed(client, page(ann), form)

        ann.refresh_from_db()
        assert (ann.first_name, ann.email) == ("Anna", "new@example.com")

    def test_a_department_left_does_not_give_its_groups_back(self, client, ann):
        make_department("HR office", groups=["Keys"])
        ann.profile.department = Department.objects.get()
        ann.profile.save()
        form = opened(client, page(ann), **{"profile-0-job_title": "Head"})
        moved = Profile.objects.get(user=ann)
        moved.department = None
        moved.save(update_fields=["department"])

        confirmed(client, page(ann), form)

        profile = Profile.objects.get(user=ann)
        assert (profile.job_title, profile.department) == ("Head", None)
        assert not ann.groups.filter(name="Keys").exists()

    def test_somebody_who_left_does_not_come_back(self, client, ann):
        form = opened(client, page(ann), **{"profile-0-phone": "12"})
        leaving.plan(ann, date(2020, 1, 1))

        confirmed(client, page(ann), form)

        ann.refresh_from_db()
        assert (ann.is_active, ann.profile.phone) == (False, "12")

    def test_a_switch_that_can_no_longer_be_turned_says_so(self, client, ann):
        User.objects.filter(pk=ann.pk).update(is_active=False)
        form = opened(client, page(ann), is_active="on", first_name="Anna")
        Profile.objects.filter(user=ann).update(left_on="2020-01-01", departed_at=timezone.now())

        response = confirmed(client, page(ann), form)

        assert "can no longer be changed" in errors(response)["is_active"]
        ann.refresh_from_db()
        assert ann.first_name == "Ann"


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


class TestBothChangedTheSame:
    def test_nothing_is_saved_and_the_form_says_who_changed_what(self, client, ann, other):
        form = opened(client, page(ann), first_name="Anna", last_name="Bergmann")
        confirmed(other, page(ann), opened(other, page(ann), first_name="Anne"))

        response = confirmed(client, page(ann), form)

        text = errors(response)["first_name"]
        assert "Otto Other changed this to “Anne”" in text
        assert "“Anna”" in text
        ann.refresh_from_db()
        assert (ann.first_name, ann.last_name) == ("Anne", "Berg")

    def test_saving_again_wins(self, client, ann, other):
        form = opened(client, page(ann), first_name="Anna", last_name="Bergmann")
        confirmed(other, page(ann), opened(other, page(ann), first_name="Anne", username="anne"))

        response = confirmed(client, page(ann), sent(confirmed(client, page(ann), form)))

        assert response.status_code == 302
        ann.refresh_from_db()
        assert (ann.first_name, ann.last_name, ann.username) == ("Anna", "Bergmann", "anne")

    def test_who_changed_it_before_the_page_was_opened_is_not_named(self, client, ann, other):
        confirmed(other, page(ann), opened(other, page(ann), first_name="Anne"))
        form = opened(client, page(ann), first_name="Anna")
        User.objects.filter(pk=ann.pk).update(first_name="From a shell")

        text = errors(confirmed(client, page(ann), form))["first_name"]

        assert text.startswith("Somebody changed this to “From a shell”, while ")

    def test_your_own_change_on_another_page_is_called_yours(self, client, ann):
        form = opened(client, page(ann), first_name="Anna")
        confirmed(client, page(ann), opened(client, page(ann), first_name="Anne"))

        response = confirmed(client, page(ann), form)

        assert errors(response)["first_name"].startswith("You changed this to “Anne” on ")

    def test_who_changed_something_else_since_is_not_named(self, client, ann, other):
        form = opened(client, page(ann), first_name="Anna")
        client.post(page(ann), opened(client, page(ann), first_name="Anne"))
        other.post(page(ann), opened(other, page(ann), last_name="Bergmann"))

        response = client.post(page(ann), form)

        assert errors(response)["first_name"].startswith("You changed this to “Anne” on ")

    def test_a_third_change_meanwhile_is_asked_about_again(self, client, ann):
        form = opened(client, page(ann), first_name="Anna")
        User.objects.filter(pk=ann.pk).update(first_name="Anne")
        again = sent(confirmed(client, page(ann), form))
        User.objects.filter(pk=ann.pk).update(first_name="Annika")

        response = confirmed(client, page(ann), again)

        assert "Somebody changed this to “Annika”" in errors(response)["first_name"]

    def test_the_same_on_the_profile(self, client, ann, other):
        lab, shop = make_department("Lab"), make_department("Shop")
        form = opened(client, page(ann), **{"profile-0-department": lab.pk, "first_name": "Anna"})
        theirs = {"profile-0-department": shop.pk}
        confirmed(other, page(ann), opened(other, page(ann), **theirs))

        response = confirmed(client, page(ann), form)

        assert "Otto Other changed this to “Shop”" in errors(response)["department"]
        assert "“Lab”" in errors(response)["department"]
        ann.refresh_from_db()
        assert (ann.first_name, ann.profile.department) == ("Ann", shop)

    def test_a_photo_has_to_be_chosen_again(self, client, ann, other):
        def photo(name):
            return {"profile-0-photo": ContentFile(jpeg_bytes(), name=name)}

        form = opened(client, page(ann), **photo("mine.jpg"))
        confirmed(other, page(ann), opened(other, page(ann), **photo("theirs.jpg")))
        theirs = Profile.objects.get(user=ann).photo.name

        response = confirmed(client, page(ann), form)

        assert "Otto Other changed this to “another file” on" in errors(response)["photo"]
        assert Profile.objects.get(user=ann).photo.name == theirs
        confirmed(client, page(ann), sent(response, **photo("mine.jpg")))
        assert Profile.objects.get(user=ann).photo.name != theirs

    def test_a_photo_is_decoded_once(self, client, ann, monkeypatch):
        decoded = []
        monkeypatch.setattr(
            "staff.photos.square_photo", lambda file: decoded.append(file) or square_photo(file)
        )
        photo = ContentFile(jpeg_bytes(), name="ann.jpg")

        confirmed(client, page(ann), opened(client, page(ann), **{"profile-0-photo": photo}))

        assert len(decoded) == 1

    def test_taking_out_a_photo_that_was_replaced_is_asked_about(self, client, ann):
        profile = ann.profile
        profile.photo.save("old.jpg", ContentFile(jpeg_bytes()))
        form = opened(client, page(ann), **{"profile-0-photo-clear": "on"})
        profile.photo.save("new.jpg", ContentFile(jpeg_bytes()))

        error = errors(confirmed(client, page(ann), form))["photo"]

        assert error.startswith("The system changed this to “another file” on ")
        assert "while you changed it to nothing." in error
        assert Profile.objects.get(user=ann).photo

    def test_the_same_change_on_both_sides_is_none(self, client, ann):
        form = opened(client, page(ann), first_name="Anne", last_name="Berger")
        User.objects.filter(pk=ann.pk).update(first_name="Anne")

        assert confirmed(client, page(ann), form).status_code == 302
        ann.refresh_from_db()
        assert ann.last_name == "Berger"

    def test_a_faulty_value_does_not_win_once_it_is_put_right(self, client, ann):
        form = opened(client, page(ann), email="no address")
        User.objects.filter(pk=ann.pk).update(email="new@example.com")

        response = confirmed(client, page(ann), form)

        assert "new@example.com" in errors(response)["email"]

    @pytest.mark.parametrize("head", ["no key", "999999", "1" * 30])
    def test_a_head_that_cannot_be_is_no_error_of_the_server(self, client, root, head):
        lab, ann = make_department("Lab"), make_user("ann")
        form = opened(client, page(lab), head=head)
        Department.objects.filter(pk=lab.pk).update(head=ann)

        text = errors(confirmed(client, page(lab), form))["head"]

        assert f"Somebody changed this to “ann”, while you changed it to “{head}”." in text

    def test_a_photo_chosen_and_taken_out_at_once(self, client, ann):
        ann.profile.photo.save("old.jpg", ContentFile(jpeg_bytes()))
        both = {"profile-0-photo-clear": "on", "profile-0-photo": ContentFile(b"x", name="a.jpg")}
        form = opened(client, page(ann), **both)
        ann.profile.photo.save("new.jpg", ContentFile(jpeg_bytes()))

        assert "another file" in errors(confirmed(client, page(ann), form))["photo"]

    def test_a_department_and_its_head(self, client, root, other):
        lab, ann, bob = make_department("Lab"), make_user("ann"), make_user("bob")
        form = opened(client, page(lab), head=ann.pk)
        confirmed(other, page(lab), opened(other, page(lab), head=bob.pk))

        response = confirmed(client, page(lab), form)

        assert "Otto Other changed this to “bob”" in errors(response)["head"]
        assert "“ann”" in errors(response)["head"]


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


class TestPapersOnThePersonsPage:
    def test_keep_the_others_edit(self, client, ann):
        paper = make_document(ann, title="CV")
        form = opened(client, page(ann), **{"documents-0-kind": "contract"})
        type(paper).objects.filter(pk=paper.pk).update(title="Life")

        confirmed(client, page(ann), form)

        paper.refresh_from_db()
        assert (paper.kind, paper.title) == ("contract", "Life")

    def test_do_not_keep_the_rest_from_being_saved_when_one_is_gone(self, client, ann):
        make_document(ann, title="One")
        gone = make_document(ann, title="Two")
        form = opened(client, page(ann), first_name="Anna", **{"documents-1-title": "Three"})
        gone.delete()

        assert confirmed(client, page(ann), form).status_code == 302
        ann.refresh_from_db()
        assert (ann.first_name, ann.documents.get().title) == ("Anna", "Three")

    @pytest.mark.parametrize("way", ["deleted", "moved"])
    def test_say_so_when_one_is_gone(self, client, ann, way):
        paper = make_document(ann, title="One")
        form = opened(client, page(ann), first_name="Anna", **{"documents-0-title": "Two"})
        type(paper).objects.update(owner=make_user("bob")) if way == "moved" else paper.delete()

        response = confirmed(client, page(ann), form)

        assert any("1 paper of this page went meanwhile" in text for text in said(response))
        assert User.objects.get(pk=ann.pk).first_name == "Anna"
        assert not type(paper).objects.filter(title="Two")

    def test_show_the_others_when_one_is_gone_and_something_is_wrong(self, client, ann):
        for title in ("One", "Two", "Three"):
            make_document(ann, title=title)
        file = ContentFile(pdf_bytes(), name="new.pdf")
        form = opened(client, page(ann), email="wrong", **{"documents-2-file": file})
        last = form["documents-2-id"]
        ann.documents.get(pk=form["documents-0-id"][0]).delete()

        shown = sent(confirmed(client, page(ann), form))

        assert "documents-0-id" not in shown
        assert shown["documents-2-id"] == last
        confirmed(client, page(ann), shown | {"email": "ann@example.com", "first_name": "Anna"})
        assert User.objects.get(pk=ann.pk).first_name == "Anna"

    def test_nonsense_is_refused_in_words_when_one_is_gone(self, client, ann):
        paper = make_document(ann)
        form = opened(client, page(ann), **{"documents-TOTAL_FORMS": "many"})
        paper.delete()

        assert confirmed(client, page(ann), form).status_code == 200

    def test_a_paper_of_somebody_else_is_left_out(self, client, ann):
        make_document(ann, title="One")
        theirs = make_document(make_user("bob"), title="Two")
        form = opened(client, page(ann), **{"documents-0-id": theirs.pk})
        form["documents-0-title"] = "Mine"

        confirmed(client, page(ann), form)

        theirs.refresh_from_db()
        assert theirs.title == "Two"

    def test_changed_meanwhile_is_not_deleted_unseen(self, client, ann):
        paper = make_document(ann, title="One")
        form = opened(client, page(ann), **{"documents-0-DELETE": "on"})
        type(paper).objects.update(title="Keep this")

        refused = confirmed(client, page(ann), form)

        assert "Save again to delete it" in errors(refused)["kind"]
        assert ann.documents.exists()
        confirmed(client, page(ann), sent(refused))
        assert not ann.documents.exists()

    def test_changed_by_somebody_else_on_its_own_page_names_them(self, client, ann, other):
        paper = make_document(ann, title="One")
        form = opened(client, page(ann), **{"documents-0-title": "Mine"})
        confirmed(other, page(paper), opened(other, page(paper), title="Theirs"))

        text = errors(confirmed(client, page(ann), form))["title"]

        assert text.startswith("Otto Other changed this to “Theirs” on ")

    def test_name_nobody_who_changed_another_paper(self, client, ann, other):
        for title in ("One", "Two"):
            make_document(ann, title=title)
        form = opened(client, page(ann), **{"documents-0-title": "Mine"})
        confirmed(other, page(ann), opened(other, page(ann), **{"documents-1-title": "Theirs"}))
        ann.documents.filter(title="Two").update(title="From a shell")

        text = errors(confirmed(client, page(ann), form))["title"]

        assert text.startswith("Somebody changed this to “From a shell”, while ")


class TestSomebodyWithoutProfile:
    def test_gets_the_one_that_is_filled_in(self, client, ann):
        QuerySet(Profile).filter(user=ann)._raw_delete("default")
        form = opened(client, page(ann), **{"profile-0-phone": "12"})

        assert confirmed(client, page(ann), form).status_code == 302
        assert Profile.objects.get(user=ann).phone == "12"


class TestRightsThatChangeMeanwhile:
    def test_what_is_no_longer_on_the_page_is_not_passed_over_in_silence(self, client, ann, root):
        form = opened(client, page(ann), is_superuser="on")
        root.groups.add(Group.objects.get(name="HR"))
        make_superuser("second")
        User.objects.filter(pk=root.pk).update(is_superuser=False)

        response = confirmed(client, page(ann), form)

        assert "can no longer be changed" in errors(response)["__all__"]

    def test_what_was_not_on_the_page_is_not_emptied(self, client, ann):
        hazel = make_user("hazel", roles=["HR"])
        clerk = sign_in(hazel)
        one = Permission.objects.first()
        User.objects.filter(pk=ann.pk).update(is_superuser=False)
        ann.user_permissions.add(one)
        form = opened(clerk, page(make_user("bob")), first_name="Bobby")
        bob = User.objects.get(username="bob")
        bob.user_permissions.add(one)
        User.objects.filter(pk=hazel.pk).update(is_superuser=True)

        confirmed(clerk, page(bob), form)

        bob.refresh_from_db()
        assert (bob.first_name, bob.user_permissions.get()) == ("Bobby", one)

    @pytest.mark.parametrize(
        ("lost", "typed"),
        [
            (["change_profile"], {"profile-0-phone": "12"}),
            (["change_document"], {"documents-0-title": "Life"}),
            (["delete_document"], {"documents-0-DELETE": "on"}),
            (["add_document"], {"documents-1-title": "New", "documents-TOTAL_FORMS": "2"}),
            (
                ["change_document", "delete_document", "add_document", "view_document"],
                {"documents-0-title": "Life"},
            ),
        ],
    )
    def test_what_may_no_longer_be_done_below_is_not_passed_over(self, ann, lost, typed):
        bob = make_user("bob")
        make_document(bob, title="CV")
        clerk = sign_in(make_user("hazel", roles=["HR"]))
        form = opened(clerk, page(bob), first_name="Bobby", **typed)
        permissions = Permission.objects.filter(codename__in=lost)
        Group.objects.get(name="HR").permissions.remove(*permissions)

        refused = confirmed(clerk, page(bob), form)

        assert "can no longer be changed" in errors(refused)["__all__"]
        assert User.objects.get(pk=bob.pk).first_name == ""
        confirmed(clerk, page(bob), opened(clerk, page(bob), first_name="Bobby"))
        assert User.objects.get(pk=bob.pk).first_name == "Bobby"
        assert bob.documents.get().title == "CV"

    def test_groups_given_from_above_do_not_stop_an_edit(self, client, ann):
        bob, clerk = make_user("bob"), sign_in(make_user("hazel", roles=["HR"]))
        above = Group.objects.create(name="Above")
        above.permissions.set(Permission.objects.all())
        form = opened(clerk, page(bob), first_name="Bobby")
        bob.groups.add(above)

        assert confirmed(clerk, page(bob), form).status_code == 302
        bob.refresh_from_db()
        assert bob.first_name == "Bobby"
        assert above in bob.groups.all()


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


class TestImportPreviewedBefore:
    """A file says that everybody is active; when it was previewed, everybody was."""

    @pytest.fixture
    def preview(self, client, ann):
        make_user("bob")
        data = b"E-mail,Active,Phone\nann@example.com,yes,1\nbob@example.com,yes,2\n"
        file = SimpleUploadedFile("people.csv", data)
        url = reverse("admin:staff_user_import")
        return client.post(url, {"resource": "0", "import_file": file})

    def confirm(self, client, preview):
        form = preview.context["confirm_form"]
        data = {name: form[name].value() or "" for name in form.fields}
        (said,) = re.findall(r'name="_said" value="(.+?)"', preview.content.decode())
        return client.post(reverse("admin:staff_user_process_import"), data | {"_said": said})

    def test_gives_nobody_access_back_unasked(self, client, preview, ann):
        User.objects.filter(pk=ann.pk).update(is_active=False)

        response = self.confirm(client, preview)

        ann.refresh_from_db()
        assert (ann.is_active, ann.profile.phone) == (False, "")
        assert not User.objects.filter(profile__phone="2").exists()
        assert "Nothing was imported" in " ".join(said(response))
        changes = [change for row in response.context["result"] for change in row.changes]
        assert ("Active", "no", "yes") in changes

    def test_is_carried_out_once_it_was_seen_again(self, client, preview, ann):
        User.objects.filter(pk=ann.pk).update(is_active=False)

        response = self.confirm(client, self.confirm(client, preview))

        assert response.status_code == 302
        ann.refresh_from_db()
        assert (ann.is_active, ann.profile.phone) == (True, "1")

    def test_is_carried_out_when_nothing_changed_in_what_it_shows(self, client, preview, ann):
        Profile.objects.filter(user=ann).update(location="Attic")

        assert self.confirm(client, preview).status_code == 302
        assert Profile.objects.get(phone="1").location == "Attic"


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
        assert "Perhaps it was deleted?" in response.content.decode()

    def test_a_group_deleted_meanwhile_is_not_missed(self, client, ann):
        keys = Group.objects.create(name="Keys")
        ann.groups.add(keys)
        form = opened(client, page(ann), first_name="Anna")
        keys.delete()

        assert confirmed(client, page(ann), form).status_code == 302
        assert User.objects.get(pk=ann.pk).first_name == "Anna"
