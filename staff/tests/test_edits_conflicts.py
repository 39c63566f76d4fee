"""Pages about people on which two changed the same: nothing is overwritten unseen."""

import pytest
from django.core.files.base import ContentFile

from documents.tests.factories import jpeg_bytes
from intranet.tests.pages import confirmed, errors, opened, page, sent
from staff.models import Department, Profile, User
from staff.photos import square_photo
from staff.tests.factories import make_department, make_user

pytestmark = pytest.mark.django_db


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
