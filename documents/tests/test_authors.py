"""Handing posts over when their author is deleted."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from documents.models import Post
from intranet.tests.pages import confirmed
from intranet.trace.models import Change
from staff.models import User
from staff.tests.factories import make_superuser, make_user

from .factories import make_post

pytestmark = pytest.mark.django_db
LIST = "/admin/staff/user/"


@pytest.fixture
def ann():
    return make_user("ann", first_name="Ann")


@pytest.fixture
def bob():
    return make_user("bob", first_name="Bob")


@pytest.fixture(params=["superuser", "HR"])
def deleter(request, client):
    user = make_superuser() if request.param == "superuser" else make_user(roles=["HR"])
    client.force_login(user)
    return user


def page(user, of="user", key=None):
    return reverse(f"admin:staff_{of}_delete", args=[key or user.pk])


def delete(client, *people, **answers):
    chosen = {"action": "delete_selected", "_selected_action": [it.pk for it in people]}
    return confirmed(client, LIST, chosen | {"post": "yes"} | answers)


class TestOffer:
    def test_is_made_for_whoever_wrote_posts(self, client, deleter, ann, bob):
        make_post(author=ann)

        assert "New author" in client.get(page(ann)).content.decode()
        assert "New author" not in client.get(page(bob)).content.decode()

    def test_is_made_for_many_when_one_wrote_posts(self, client, deleter, ann, bob):
        make_post(author=ann)
        chosen = {"action": "delete_selected", "_selected_action": [ann.pk, bob.pk]}

        assert "New author" in client.post(LIST, chosen).content.decode()


class TestHandOver:
    def test_gives_the_posts_to_somebody_else(self, client, deleter, ann, bob):
        post = make_post("Party", author=ann)

        asked = client.post(page(ann), {"post": "yes", "new_author": bob.pk})
        assert "Changed: 1 post, Author: Ann → Bob: Party" in asked.context["plan"].lines
        confirmed(client, page(ann), {"post": "yes", "new_author": bob.pk})

        post.refresh_from_db()
        assert post.author == bob
        assert not User.objects.filter(pk=ann.pk).exists()

    def test_is_said_in_one_message(self, client, deleter, ann, bob):
        make_post("Party", author=ann)

        response = confirmed(client, page(ann), {"post": "yes", "new_author": bob.pk})

        said = [str(it).partition(";")[0] for it in get_messages(response.wsgi_request)]
        assert said == ["Post “Party” changed, Person “Ann” deleted"]

    def test_is_in_the_history(self, client, deleter, ann, bob):
        post = make_post("Party", author=ann)

        delete(client, ann, new_author=bob.pk)

        change = Change.objects.filter(content_type__model="post", object_key=post.pk).last()
        assert (change.values, change.cause) == ({"author": ["Ann", "Bob"]}, "")
        assert change.action.actor == deleter

    def test_needs_not_be(self, client, deleter, ann):
        post = make_post(author=ann)

        delete(client, ann)

        post.refresh_from_db()
        assert post.author is None

    def test_of_several_authors_takes_their_posts_alone(self, client, deleter, ann, bob):
        cleo, dan = make_user("cleo"), make_user("dan")
        posts = [make_post(author=it) for it in (ann, cleo, dan)]

        delete(client, ann, cleo, new_author=bob.pk)

        assert [Post.objects.get(pk=it.pk).author for it in posts] == [bob, bob, dan]

    def test_is_not_to_somebody_who_goes_as_well(self, client, deleter, ann, bob):
        make_post(author=ann)

        response = delete(client, ann, bob, new_author=bob.pk)

        assert "Bob is to be deleted as well" in response.content.decode()
        assert User.objects.filter(pk=ann.pk).exists()

    def test_is_not_to_somebody_inactive(self, client, deleter, ann):
        make_post(author=ann)
        gone = make_user("gone", is_active=False)

        delete(client, ann, new_author=gone.pk)

        assert Post.objects.get().author == ann

    def test_does_not_stay_when_the_deletion_is_refused(self, client, ann):
        root = make_superuser()
        client.force_login(root)
        post = make_post(author=root)

        delete(client, root, new_author=ann.pk)

        post.refresh_from_db()
        assert post.author == root
