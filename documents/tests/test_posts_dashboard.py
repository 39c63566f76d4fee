import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.dashboard import contribution
from documents.models import Post
from documents.tests.factories import make_document, make_post
from intranet.signals import dashboard_opened
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


def opened_by(user):
    request = RequestFactory().get("/admin/")
    request.user = user
    return contribution(request)


def titles(user):
    return [post["title"] for post in opened_by(user)["posts"]]


class TestShowPosts:
    def test_answers_the_dashboard(self):
        make_post("Party")
        request = RequestFactory().get("/admin/")
        request.user = make_user()

        answers = [answer for _, answer in dashboard_opened.send(None, request=request)]

        assert any("Party" in str(answer.get("posts")) for answer in answers)

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

        (post,) = opened_by(make_user())["posts"]

        assert post["body"].__html__() == "<p>Text</p>"

    def test_links_for_those_who_may_open_the_post(self):
        post = make_post()
        user = make_user()

        assert opened_by(user)["posts"][0]["url"] == f"/admin/documents/post/{post.pk}/change/"

        user.groups.clear()
        user = type(user).objects.get(pk=user.pk)
        assert opened_by(user)["posts"][0]["url"] == ""

    def test_number_of_queries_does_not_grow(self):
        user = make_user()

        def queries(number):
            for _ in range(number):
                make_post(author=make_user())
            with CaptureQueriesContext(connection) as captured:
                opened_by(user)
            return len(captured)

        queries(1)

        assert queries(1) == queries(3)


class TestCards:
    def test_readers_see_the_number_of_their_live_posts(self):
        make_post()
        make_post(audience=[make_department()])
        make_post(starts=1)

        (card,) = opened_by(make_user())["cards"]

        assert (card["title"], card["value"], card["hint"]) == ("Live posts", 1, "")

    def test_editors_see_all_live_posts_and_how_many_are_scheduled(self):
        make_post(audience=[make_department()])
        make_post(starts=1)

        (card,) = opened_by(make_user(roles=["Editors"]))["cards"]

        assert (card["value"], card["hint"]) == (1, "1 scheduled")

    def test_hr_sees_the_number_of_papers(self):
        make_document(make_user())

        card = opened_by(make_user(roles=["HR"]))["cards"][1]

        assert (card["title"], card["value"]) == ("Papers", 1)
        assert card["url"] == reverse("admin:documents_document_changelist")
