"""One row of which so much follows that a worker asks about it, and does it, beside the page."""

import re

import pytest

from documents.models import Post
from documents.tests.factories import make_post
from documents.tests.post_pages import ADD, LIST, form
from intranet.outbox.models import Mail
from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.tests.pages import opened, page, sent
from staff.models import Department, User
from staff.tests.factories import (
    make_department,
    make_group,
    make_superuser,
    make_user,
    permission,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_are_few(monkeypatch):
    for module in ("intranet.admin.base", "intranet.admin.bulk", "documents.admin.posts"):
        monkeypatch.setattr(f"{module}.FOLLOW", 2)


@pytest.fixture(autouse=True)
def root(client):
    root = make_superuser()
    client.force_login(root)
    return root


@pytest.fixture
def sales():
    sales = make_department("Sales")
    for name in ("ada", "bob", "cleo"):
        make_user(name, department=sales, email=f"{name}@example.com")
    return sales


@pytest.fixture
def sellers():
    return make_group("Sellers")


def led_to(response) -> Work:
    """Return the work that a form leads to, of which nothing is done as yet."""
    work = Work.objects.latest("asked_at")
    assert response.url == work.page
    return work


def answered(client, work):
    """Have a worker find out what will happen, and return the page that asks."""
    run.run_due()
    work.refresh_from_db()
    assert work.state == Work.State.ASKS
    return client.get(f"/admin/intranet/work/{work.pk}/answer/")


def confirmed(client, question, **changes) -> Work:
    """Send the form of the page that asks, where it says that it goes; have a worker do it."""
    text = question.content.decode()
    assert "x-bind:action" not in text  # by which the theme sends it to the page it is shown on
    [where] = re.findall(r'<form[^>]* action="(/admin/(?:staff|documents|auth)/[^"]+)"', text)
    hidden = dict(re.findall(r'name="(_said|_keys|_question|post)" value="([^"]+)"', text))
    work = led_to(client.post(where, {**sent(question), **hidden, **changes}))
    assert work.writes
    run.run_due()
    work.refresh_from_db()
    return work


class TestForm:
    def test_is_asked_about_and_done_by_a_worker(self, client, sales, sellers):
        asked = client.post(page(sales), opened(client, page(sales), groups=[sellers.pk]))
        question = answered(client, led_to(asked))

        assert "Sellers" in question.content.decode()
        assert not sellers.user_set.exists()
        work = confirmed(client, question)

        assert work.state == Work.State.DONE
        assert sellers.user_set.count() == 3
        assert str(work) == "Save: Sales"

    def test_would_do_something_else_by_then_and_does_nothing(self, client, sales, sellers):
        asked = client.post(page(sales), opened(client, page(sales), groups=[sellers.pk]))
        question = answered(client, led_to(asked))
        make_user("dan", department=sales)

        work = confirmed(client, question)

        assert work.state == Work.State.FAILED
        assert not sellers.user_set.exists()

    def test_asks_where_that_is_asked_for(self, client, sales, sellers):
        data = opened(client, page(sales), groups=[sellers.pk])

        work = led_to(client.post(page(sales), data | {"_ask": "yes"}))

        assert str(work) == "What will happen? Save: Sales"

    def test_of_a_group_with_many_members_is_beside_when_it_gains_rights(self, client, sellers):
        sellers.user_set.set([make_user(name) for name in ("ada", "bob", "cleo")])
        right = permission("documents.view_post")

        asked = client.post(page(sellers), opened(client, page(sellers), permissions=[right.pk]))

        assert str(led_to(asked)) == "What will happen? Save: Sellers"

    def test_a_script_is_told_to_send_it(self, client, sales, sellers):
        data = opened(client, page(sales), groups=[sellers.pk]) | {"_ask": "yes"}

        answer = client.post(page(sales), data, headers={"X-Rehearse": "1"})

        assert "data-long" in answer.content.decode()
        assert not Work.objects.exists()

    @pytest.mark.parametrize("changes", [{"name": "Selling"}, {"name": ""}])
    def test_of_which_little_follows_is_saved_or_shown_at_once(self, client, sales, changes):
        client.post(page(sales), opened(client, page(sales), **changes))

        assert not Work.objects.exists()
        assert Department.objects.get().name == (changes["name"] or "Sales")


class TestPost:
    def test_mailed_to_many_is_published_by_a_worker(self, client, sales):
        asked = client.post(ADD, form(mail_audience="on", audience=[sales.pk]))
        question = answered(client, led_to(asked))
        assert not Post.objects.exists()

        work = confirmed(client, question)

        assert work.state == Work.State.DONE
        assert Post.objects.get().mailed_at
        assert Mail.objects.filter(template="post").count() == 3

    @pytest.mark.parametrize(
        "fields", [{}, {"mail_audience": "on", "starts": 1}, {"mail_audience": "on", "few": True}]
    )
    def test_that_mails_nobody_yet_or_few_is_saved_at_once(self, client, sales, fields):
        few = make_department("Few")
        audience = [few.pk if fields.pop("few", False) else sales.pk]

        client.post(ADD, form(audience=audience, **fields))

        assert Post.objects.exists()
        assert not Work.objects.exists()

    @pytest.mark.parametrize(
        ("action", "fields"),
        [
            ("publish_now", {"starts": 1, "mail_audience": True}),
            ("remind", {"asks_acknowledgement": True}),
        ],
    )
    def test_is_mailed_to_many_by_an_action_beside(self, client, sales, action, fields):
        post = make_post("Party", audience=[sales], **fields)
        data = {"action": action, "_selected_action": [post.pk]} | {"post": "yes", "_ask": "yes"}

        question = answered(client, led_to(client.post(LIST, data)))
        assert not Mail.objects.filter(template__startswith="post").exists()
        work = confirmed(client, question, action=action)

        assert work.state == Work.State.DONE
        assert Mail.objects.filter(template__startswith="post").count() == 3

    @pytest.mark.parametrize("action", ["publish_now", "end_now", "remind"])
    def test_that_is_not_mailed_is_asked_about_on_the_page(self, client, sales, action):
        post = make_post("Party", audience=[sales], starts=1)

        asked = client.post(LIST, {"action": action, "_selected_action": [post.pk]})

        assert asked.status_code == 200
        assert not Work.objects.exists()


class TestDeleting:
    def test_a_group_of_many_is_beside(self, client, sellers):
        sellers.user_set.set([make_user(name) for name in ("ada", "bob", "cleo")])

        question = answered(client, led_to(client.get(page(sellers, "delete"))))
        assert sellers.user_set.count() == 3
        work = confirmed(client, question)

        assert work.state == Work.State.DONE
        assert not User.groups.through.objects.filter(group=sellers.pk).exists()

    def test_a_department_of_many_is_beside(self, client, sales):
        assert led_to(client.get(page(sales, "delete")))

    def test_many_groups_are_beside(self, client, monkeypatch):
        monkeypatch.setattr("intranet.admin.bulk.LONG", 2)
        chosen = [make_group(name).pk for name in ("A", "B", "C")]

        asked = client.post(
            "/admin/auth/group/", {"action": "delete_selected", "_selected_action": chosen}
        )

        assert str(led_to(asked)) == "What will happen? Delete: 3 groups"

    def test_a_post_is_not_whatever_its_audience(self, client, sales):
        post = make_post("Party", audience=[sales])

        assert client.get(page(post, "delete")).status_code == 200
        assert not Work.objects.exists()
