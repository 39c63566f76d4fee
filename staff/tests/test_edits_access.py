"""Pages about people, and an import, saved after access or rights were taken away."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from documents.tests.factories import make_document
from intranet.tests.pages import confirmed, errors, opened, page, said, sign_in
from staff import leaving
from staff.models import Department, Profile, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


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
