"""The pages of posts: who may do what, the list and the form."""

from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.models import Post
from documents.tests.factories import make_post
from documents.tests.post_pages import ADD, LIST, form, run, said
from intranet.tests.pages import confirmed, page
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client):
    user = make_user("rita", department=make_department("Sales"))
    client.force_login(user)
    return user


class TestWhoMayDoWhat:
    def test_anonymous_people_are_asked_to_sign_in(self, client):
        assert client.get(page(make_post())).status_code == 302

    def test_others_only_look(self, client):
        post = make_post()
        client.force_login(make_user())

        assert client.get(LIST).status_code == 200
        assert client.get(page(post)).status_code == 200
        assert client.get(ADD).status_code == 403
        assert client.post(page(post), form()).status_code == 403
        assert client.post(page(post, "delete"), {"post": "yes"}).status_code == 403
        for name in ("publish_now", "end_now", "delete_selected"):
            assert run(client, name, [post]).status_code == 200  # there is no action
        assert Post.objects.live().get().title == post.title

    def test_hr_writes_and_ends_posts_and_deletes_none(self, client):
        post = make_post()
        client.force_login(make_user(roles=["HR"]))

        assert client.get(ADD).status_code == 200
        run(client, "end_now", [post])
        assert Post.objects.ended().get() == post
        assert client.post(page(post, "delete"), {"post": "yes"}).status_code == 403
        run(client, "delete_selected", [post])
        assert Post.objects.get() == post

    @pytest.mark.parametrize("make", [make_superuser, lambda: make_user(roles=["Editors"])])
    def test_editors_and_superusers_do_everything(self, client, make):
        post = make_post()
        client.force_login(make())

        for address in (LIST, ADD, page(post), page(post, "delete"), page(post, "history")):
            assert client.get(address).status_code == 200

    def test_readers_see_live_posts_meant_for_them_only(self, client, reader):
        others = make_department()
        seen = [make_post("Mine", audience=[reader.profile.department]), make_post("All")]
        hidden = [
            make_post("Theirs", audience=[others]),
            make_post("Later", starts=1),
            make_post("Past", starts=-2, ends=-1),
        ]

        assert list(client.get(LIST).context["cl"].queryset.order_by("pk")) == seen
        assert [client.get(page(post)).status_code for post in seen] == [200, 200]
        assert [client.get(page(post)).status_code for post in hidden] == [302, 302, 302]

    def test_readers_see_the_text_and_not_its_source(self, client, reader):
        post = make_post()
        Post.objects.update(body="<p>Come <strong>all</strong><script>alert(1)</script></p>")

        content = client.get(page(post)).content.decode()

        assert "<p>Come <strong>all</strong></p>" in content
        assert "alert(1)" not in content
        assert "trix-editor" not in content
        assert "Leave empty" not in content


class TestList:
    def test_number_of_queries_does_not_grow(self, client, editor):
        def queries(number):
            for _ in range(number):
                make_post(author=editor, audience=[make_department()])
            with CaptureQueriesContext(connection) as captured:
                client.get(LIST)
            return len(captured)

        queries(1)

        assert queries(1) == queries(3)

    @pytest.mark.parametrize("status", ["scheduled", "live", "ended"])
    def test_filters_by_status(self, client, editor, status):
        make_post("scheduled", starts=1)
        make_post("live")
        make_post("ended", starts=-2, ends=-1)

        posts = client.get(LIST, {"status": status}).context["cl"].queryset

        assert [post.title for post in posts] == [status]
        assert [post.status for post in posts] == [status]

    def test_filters_by_author_and_offers_only_those_who_wrote(self, client, editor):
        silent = make_user(first_name="Silent", last_name="Sam")
        make_post("Hers", author=make_user())
        make_post("Mine", author=editor)

        response = client.get(LIST, {"author__id__exact": editor.pk})

        assert [post.title for post in response.context["cl"].queryset] == ["Mine"]
        assert silent.name not in response.content.decode()

    def test_filters_by_audience(self, client, editor):
        sales = make_department()
        make_post("All")
        make_post("Sales", audience=[sales])

        posts = client.get(LIST, {"audience__id__exact": sales.pk}).context["cl"].queryset

        assert [post.title for post in posts] == ["Sales"]

    def test_filters_by_day_and_includes_both_ends(self, client, editor):
        for day, month in ((10, 3), (3, 4), (4, 4), (5, 4)):
            noon = timezone.make_aware(datetime(2030, month, day, 12))
            make_post(f"{day}/{month}", publish_at=noon)
        days = {"publish_at_from": "03/04/2030", "publish_at_to": "04/04/2030"}

        posts = client.get(LIST, days).context["cl"].queryset

        assert sorted(post.title for post in posts) == ["3/4", "4/4"]

    def test_a_day_that_is_none_filters_nothing(self, client, editor):
        make_post()

        assert client.get(LIST, {"publish_at_from": "soon"}).context["cl"].result_count == 1

    def test_searches_title_and_author(self, client, editor):
        make_post("Party", author=editor)
        make_post("Other")

        for words in ("party", "itor"):
            posts = client.get(LIST, {"q": words}).context["cl"].queryset
            assert [post.title for post in posts] == ["Party"]


class TestForm:
    def test_the_author_is_whoever_writes(self, client, editor):
        client.post(ADD, form(author=make_superuser().pk))

        assert Post.objects.get().author == editor

    def test_editors_do_not_change_the_author(self, client, editor):
        author = make_user()
        post = make_post(author=author)

        client.post(page(post), form(author=editor.pk))

        assert Post.objects.get().author == author
        assert Post.objects.get().title == "Summer party"

    def test_superusers_change_the_author(self, client):
        post, author = make_post(), make_user()
        client.force_login(make_superuser())

        client.post(page(post), form(author=author.pk))

        assert Post.objects.get().author == author

    def test_the_end_before_the_start_is_an_error(self, client, editor):
        response = client.post(ADD, form(starts=2, ends=1))

        assert response.context["adminform"].form.errors == {
            "__all__": ["A post has to end after it goes live."]
        }

    @pytest.mark.parametrize("body", ["<div><br></div>", "<script>alert(1)</script>"])
    def test_a_text_with_nothing_in_it_is_an_error(self, client, editor, body):
        response = client.post(ADD, form(body=body))

        assert response.context["adminform"].form.errors == {"body": ["There is no text in it."]}

    def test_an_attack_is_taken_out(self, client, editor):
        client.post(ADD, form(body='<p style="x" x-data="alert(1)">Come</p><img src=x onerror=y>'))

        assert Post.objects.get().body == "<p>Come</p>"

    @pytest.mark.parametrize(
        "starts, ends, sentence",
        [
            (1, None, "2 people will get this mail when the post goes live on "),
            (-1, None, "2 mails on their way"),
            (-2, -1, "The time of the post is over, so it is not mailed."),
        ],
    )
    def test_says_who_will_get_the_mail_and_when(self, client, editor, starts, ends, sentence):
        sales = make_department()
        for _ in range(2):
            make_user(department=sales)

        response = confirmed(client, ADD, form(starts, ends, mail_audience="on", audience=sales.pk))

        assert sentence in said(response)

    def test_a_live_post_that_is_to_be_mailed_is_shown_first(self, client, editor):
        make_user("ada")

        response = client.post(ADD, form(mail_audience="on"))

        assert not Post.objects.exists()
        assert "it mails 2 people" in response.context["plan"].reasons

    def test_says_before_saving_what_the_mail_box_does(self, client, editor):
        assert "at once when the post is live" in client.get(ADD).content.decode()

    def test_says_when_it_was_mailed(self, client, editor):
        post = make_post(mail_audience=True, mailed_at=timezone.now())

        assert "is not mailed again" in said(client.post(page(post), form(mail_audience="on")))

    def test_says_nothing_about_mail_that_was_not_asked_for(self, client, editor):
        assert "mail" not in said(client.post(ADD, form()))
