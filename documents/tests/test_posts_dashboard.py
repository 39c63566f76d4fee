import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.dashboard import posts_for
from documents.models import Post
from documents.tests.factories import make_document, make_post
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def titles(user):
    return [post.title for post, _ in posts_for(user)["posts"]]


class TestShowPosts:
    def test_appears_on_the_dashboard(self, client):
        make_post("Party")
        client.force_login(make_user())

        assert "Party" in client.get("/admin/").content.decode()

    def test_shows_what_is_meant_for_the_reader_pinned_first(self):
        sales = make_department()
        make_post("Older", starts=-3)
        make_post("Pinned", starts=-4, pinned=True)
        make_post("Sales", starts=-2, audience=[sales])
        make_post("Others", audience=[make_department()])

        assert titles(make_user(department=sales)) == ["Pinned", "Sales", "Older"]

    def test_is_silent_about_posts_that_are_not_live(self):
        make_post(starts=1)
        make_post(starts=-2, ends=-1)

        assert titles(make_user()) == []

    @pytest.mark.parametrize("make", [make_superuser, lambda: make_user(roles=["Editors"])])
    def test_those_who_edit_see_what_is_meant_for_them_like_anybody(self, make):
        make_post("Everybody")
        make_post("Others", audience=[make_department()])

        assert titles(make()) == ["Everybody"]

    def test_shows_ten_at_most(self):
        for _ in range(11):
            make_post()

        assert len(titles(make_user())) == 10

    def test_the_text_is_safe(self):
        make_post()
        Post.objects.update(body="<script>alert(1)</script><p>Text</p>")

        ((_, body),) = posts_for(make_user())["posts"]

        assert body.__html__() == "<p>Text</p>"

    def test_links_for_those_who_may_open_the_post(self, client):
        link = f"/admin/documents/post/{make_post().pk}/change/"
        user = make_user()
        client.force_login(user)

        assert link in client.get("/admin/").content.decode()

        user.groups.clear()
        assert link not in client.get("/admin/").content.decode()

    def test_number_of_queries_does_not_grow(self):
        user = make_user()

        def queries(number):
            for _ in range(number):
                make_post(author=make_user())
            with CaptureQueriesContext(connection) as captured:
                posts_for(user)
            return len(captured)

        queries(1)

        assert queries(1) == queries(3)


@pytest.fixture
def cards(client):
    """Return the dashboard's cards for a user, by title."""

    def of(user):
        client.force_login(user)
        return {card["title"]: card for card in client.get("/admin/").context["cards"]}

    return of


class TestCards:
    def test_readers_see_the_number_of_their_live_posts(self, cards):
        make_post()
        make_post(audience=[make_department()])
        make_post(starts=1)

        card = cards(make_user())["Live posts"]

        assert (card["value"], card["hint"]) == (1, "")

    def test_editors_see_all_live_posts_and_how_many_are_scheduled(self, cards):
        make_post(audience=[make_department()])
        make_post(starts=1)

        card = cards(make_user(roles=["Editors"]))["Live posts"]

        assert (card["value"], card["hint"]) == (1, "1 scheduled")

    def test_hr_sees_the_number_of_papers(self, cards):
        make_document(make_user())

        card = cards(make_user(roles=["HR"]))["Papers"]

        assert card["value"] == 1
        assert card["url"] == reverse("admin:documents_document_changelist")
