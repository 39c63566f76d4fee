import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.messages import get_messages
from django.db import connection
from django.http import HttpResponse
from django.utils.timezone import localdate, now

from documents.models import Post
from documents.tests.factories import make_document, make_post
from intranet.admin.base import SiteAdmin
from intranet.files.models import FileRemoval
from intranet.outbox.models import Mail, Notice
from intranet.tests.pages import confirmed
from intranet.trace.models import Action, Change
from intranet.trace.wording import described
from staff import leaving
from staff.models import User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/staff/user/"
POSTS = "/admin/documents/post/"
NOTICES = "/admin/intranet/notice/"
CHANGED = "This would do something else than the page showed"


@pytest.fixture(autouse=True)
def root(client):
    root = make_superuser()
    client.force_login(root)
    return root


def said(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def hidden(response) -> dict[str, list[str]]:
    """Return what the page's form sends by itself, as a browser would."""
    html = response.content.decode()
    fields = {}
    for field in re.findall(r"<input[^>]*>", html[html.index("csrfmiddlewaretoken") :]):
        name, value = (re.search(rf'{key}="([^"]*)"', field) for key in ("name", "value"))
        if 'type="hidden"' in field and name and value:
            fields.setdefault(name[1], []).append(value[1])
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def ask(client, url, action, rows, across="1"):
    """Choose an action on the list and return the page that asks."""
    chosen = {"_selected_action": [row.pk for row in rows], "select_across": across}
    return client.post(url, {"action": action, **chosen})


ON_PEOPLE = ["activate", "deactivate", "add_to_group", "remove_from_group", "leaves"]


class TestAllPagesOfTheList:
    @pytest.mark.parametrize("action", ON_PEOPLE)
    def test_leave_out_who_joined_after_the_page_was_shown(self, client, action):
        lab = make_department("Lab", groups=["Editors"])
        ada = make_user("ada", department=lab, is_active=action != "activate")
        answers = {"group": ada.groups.get(name="Editors").pk, "left_on": str(localdate())}
        page = ask(client, PEOPLE, action, [ada])
        if "_said" not in hidden(page):
            page = client.post(PEOPLE, hidden(page) | answers)
        before = list(User.objects.order_by("pk").values())
        make_user("bob")

        answer = client.post(PEOPLE, hidden(page) | answers)

        assert CHANGED in said(answer)
        assert list(User.objects.exclude(username="bob").order_by("pk").values()) == before
        assert User.objects.get(username="bob").is_active

    def test_leave_out_what_was_written_after_the_page_asked_to_delete(self, client):
        page = ask(client, POSTS, "delete_selected", [make_post()])
        make_post()

        answer = client.post(POSTS, hidden(page))

        assert CHANGED in said(answer)
        assert Post.objects.count() == 2

    def test_are_asked_about_again_with_the_new_number(self, client):
        posts = [make_post() for _ in range(2)]
        page = ask(client, POSTS, "end_now", posts)
        make_post()

        again = client.post(POSTS, hidden(page))
        assert again.context["count"] == 3
        done = client.post(POSTS, hidden(again))

        assert said(done).startswith("3 posts are not shown any more. <a")

    def test_are_acted_on_when_nothing_changed(self, client):
        make_user("ada")
        page = ask(client, PEOPLE, "deactivate", [make_user("bob")])

        client.post(PEOPLE, hidden(page))

        assert set(User.objects.values_list("username", "is_active")) >= {
            ("ada", False),
            ("bob", False),
        }

    def test_are_asked_about_even_where_a_choice_of_rows_is_not(self, client, root):
        one, two = (Notice.objects.create(recipient=root) for _ in range(2))

        page = ask(client, NOTICES, "mark_as_read", [one])
        assert page.context["count"] == 2
        ask(client, NOTICES, "mark_as_read", [one], across="0")

        assert Notice.objects.unread().get() == two

    def test_of_notices_leave_the_newest_unread(self, client, root):
        seen = Notice.objects.create(recipient=root, message="seen")
        page = ask(client, NOTICES, "mark_as_read", [seen])
        Notice.objects.create(recipient=root, message="not seen")

        answer = client.post(NOTICES, hidden(page))

        assert Notice.objects.unread().count() == 2
        assert said(answer).startswith(CHANGED)

    @pytest.mark.parametrize(
        ("url", "action", "model"),
        [
            ("/admin/intranet/mail/", "send_again", Mail),
            ("/admin/intranet/fileremoval/", "try_again", FileRemoval),
        ],
    )
    def test_of_other_lists_are_asked_about_too(self, client, root, url, action, model):
        if model is Mail:
            Mail.objects.create(to="a@example.org", status="failed")
        elif model is Notice:
            Notice.objects.create(recipient=root)
        else:
            FileRemoval.objects.create(name="cvs/a.pdf", attempts=1)

        page = ask(client, url, action, model.objects.all())

        assert page.status_code == 200
        assert page.context["count"] == model.objects.count()


class TestChosenRows:
    def test_are_asked_about_again_when_one_left_the_list(self, client):
        ada, bob = make_user("ada"), make_user("bob")
        page = ask(client, f"{PEOPLE}?is_active__exact=1", "delete_selected", [ada, bob], "0")
        User.objects.filter(pk=bob.pk).update(is_active=False)

        answer = client.post(f"{PEOPLE}?is_active__exact=1", hidden(page))

        assert CHANGED in said(answer)
        assert User.objects.filter(username="ada").exists()

    def test_are_deleted_when_all_are_still_there(self, client):
        page = ask(client, POSTS, "delete_selected", [make_post(), make_post()], "0")
        make_post()

        client.post(POSTS, hidden(page))

        assert Post.objects.count() == 1


class TestHistory:
    """Who did what stands in the history of each row."""

    @pytest.mark.parametrize(
        ("action", "words"),
        [
            ("activate", ["Active: no → yes"]),
            ("deactivate", ["Active: yes → no"]),
            ("add_to_group", ["Groups: HR added"]),
            ("move_to_department", ["Department: nothing → Lab"]),
            ("leaves", ["Active: yes → no"]),
            ("bring_back", ["Active: no → yes"]),
        ],
    )
    def test_of_a_person(self, client, root, action, words):
        ada, lab = make_user("ada", is_active=action != "activate"), make_department("Lab")
        if action == "bring_back":
            leaving.plan(ada, localdate())
        hr = Group.objects.get(name="HR")
        answers = {"group": hr.pk, "department": lab.pk, "left_on": str(localdate())}
        chosen = {"action": action, "_selected_action": [ada.pk], "post": "yes"}

        confirmed(client, f"{PEOPLE}?presence=everybody", chosen | answers)

        changes = Change.objects.filter(action__actor=root, object_name="ada")
        assert {*words} <= {line for it in changes for line in described(it)}

    @pytest.mark.parametrize(
        ("action", "field", "hours"),
        [("publish_now", "publish_at", 1), ("end_now", "expires_at", -1)],
    )
    def test_of_a_post(self, client, root, action, field, hours):
        post = make_post(publish_at=now() + timedelta(hours=hours))

        confirmed(client, POSTS, {"action": action, "_selected_action": [post.pk]})

        change = Change.objects.get(action__actor=root, content_type__model="post")
        assert change.values.keys() == {field}

    def test_of_whom_nothing_was_changed_says_nothing(self, client, root):
        ada = make_user("ada")

        page = ask(client, PEOPLE, "activate", [ada], "0")
        client.post(PEOPLE, hidden(page))

        assert not Action.objects.filter(actor=root).exists()


@pytest.mark.slow
class TestFiveThousand:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        monkeypatch.setattr("intranet.admin.bulk.LONG", 10_000)

    @pytest.fixture
    def notices(self, root):
        rows = [Notice(recipient=root, message=str(number)) for number in range(5000)]
        return Notice.objects.bulk_create(rows)

    def test_are_said_with_separators(self, client, notices):
        page = client.get(NOTICES).content.decode()

        assert "Select all 5,000 notices" in " ".join(page.split())
        assert "All 5,000 selected" in page

    @pytest.mark.parametrize("across", ["0", "1"])
    def test_are_all_taken(self, client, notices, across):
        chosen = notices if across == "0" else notices[:50]

        answer = ask(client, NOTICES, "mark_as_read", chosen, across)
        if across == "1":
            answer = client.post(NOTICES, hidden(answer))

        assert "5,000 notices marked as read." in said(answer)

    def test_are_not_5001(self, client, notices, root):
        page = ask(client, NOTICES, "mark_as_read", notices[:50])
        Notice.objects.create(recipient=root, message="one more")

        answer = client.post(NOTICES, hidden(page))

        assert answer.context["count"] == 5001
        assert Notice.objects.unread().count() == 5001

    def test_people_are_deleted_as_shown(self, client):
        make_people = [User(username=f"u{n}", email=f"u{n}@example.org") for n in range(5000)]
        people = User.objects.bulk_create(make_people)
        page = ask(client, PEOPLE, "delete_selected", people, "0")

        assert len(page.content) < 60_000
        make_user("ada")
        client.post(PEOPLE, hidden(page))

        assert set(User.objects.values_list("username", flat=True)) == {"root", "ada"}


@pytest.mark.parametrize(("action", "is_red"), [("delete_selected", True), ("leaves", False)])
def test_the_button_that_deletes_is_red(client, root, action, is_red):
    page = ask(client, PEOPLE, action, [make_user("ada")], "0")

    form = page.content.decode().partition('name="_said"')[2].partition("</form>")[0]
    assert ("bg-red-600" in form) == is_red


@pytest.mark.skipif(connection.vendor == "sqlite", reason="nobody writes between two statements")
@pytest.mark.parametrize("across", ["0", "1"])
def test_nobody_joins_while_the_action_runs(rf, root, across):
    class CountingAdmin(SiteAdmin):
        actions = ["count"]

        def count(self, request, queryset):
            make_user("bob")
            return HttpResponse(queryset.count())

    chosen = {"_selected_action": [root.pk], "select_across": across, "_said": "all"}
    request = rf.post(PEOPLE, {"action": "count", **chosen})
    request.user = root

    answer = CountingAdmin(User, admin.site).response_action(request, User.objects.all())

    assert answer.content == b"1"


class TestDeleting:
    """Whoever confirms a deletion has seen all that it takes along."""

    @pytest.mark.parametrize("bulk", [True, False])
    def test_asks_again_when_a_paper_was_added_meanwhile(self, client, bulk):
        ada = make_user("ada")
        make_document(ada)
        url = PEOPLE if bulk else f"{PEOPLE}{ada.pk}/delete/"
        page = ask(client, url, "delete_selected", [ada], "0") if bulk else client.get(url)
        make_document(ada)

        again = client.post(url, hidden(page))
        assert CHANGED in said(again)
        assert "Deleted: 2 papers: cv.pdf" in again.context["plan"].lines
        assert User.objects.filter(pk=ada.pk).exists()
        client.post(url, hidden(again))

        assert not User.objects.filter(pk=ada.pk).exists()

    @pytest.mark.parametrize(("posts", "more"), [(20, False), (21, True)])
    def test_names_twenty_and_counts_the_rest(self, client, posts, more):
        page = ask(client, POSTS, "delete_selected", [make_post() for _ in range(posts)])

        line = page.context["plan"].lines[0]
        assert line.startswith(f"Deleted: {posts} posts: ")
        assert line.endswith(", and 1 more") == more

    def test_warns_once_when_the_list_has_changed_as_well(self, client):
        page = ask(client, POSTS, "delete_selected", [make_post()])
        make_post()

        assert (
            said(client.post(POSTS, hidden(page))).count("something else than the page showed") == 1
        )


@pytest.mark.parametrize(("number", "words"), [(1, "1 person"), (3, "3 people")])
def test_a_deletion_is_called_what_it_is_in_title_and_button(client, number, words):
    chosen = [make_user(f"ada{it}").pk for it in range(number)]

    page = client.post(PEOPLE, {"action": "delete_selected", "_selected_action": chosen})

    assert page.context_data["title"] == f"Delete {words}"
    assert re.search(rf"<button[^>]*>\s*Delete {words}\s*</button>", page.content.decode())


@pytest.mark.parametrize("key", ["abc", "", "\0", "9" * 30, "-1"])
@pytest.mark.parametrize("answered", [{}, {"post": "yes", "_said": "forged"}])
def test_a_key_that_no_row_can_have_is_passed_over(client, key, answered):
    ada = make_user("ada")
    chosen = {"action": "delete_selected", "_selected_action": [ada.pk, key]}

    page = client.post(PEOPLE, chosen | answered, follow=True)

    assert page.status_code == 200
    assert "Delete 1 person" in page.content.decode()
    assert User.objects.filter(pk=ada.pk).exists()
