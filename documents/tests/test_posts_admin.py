from datetime import datetime, timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents import publishing
from documents.models import Post
from documents.tests.factories import make_post
from intranet.outbox.models import Mail, Notice
from intranet.tests.pages import confirmed, page
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/documents/post/"
ADD = "/admin/documents/post/add/"


def moment(prefix, hours):
    """Return the two fields of a date with a time, `hours` from now."""
    when = timezone.localtime(timezone.now() + timedelta(hours=hours))
    return {f"{prefix}_0": f"{when:%d/%m/%Y}", f"{prefix}_1": f"{when:%H:%M:%S}"}


def form(starts=-1, ends=None, **fields):
    data = {"title": "Summer party", "body": "<p>Come.</p>", **moment("publish_at", starts)}
    data |= {"expires_at_0": "", "expires_at_1": ""} if ends is None else moment("expires_at", ends)
    return data | fields


def said(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def run(client, name, posts, **fields):
    """Run a bulk action on `posts`, and confirm it where it asks."""
    data = {"action": name, "_selected_action": [post.pk for post in posts], **fields}
    return confirmed(client, LIST, data)


def plan(client, name, posts):
    """Return the lines of the page that a bulk action asks on."""
    data = {"action": name, "_selected_action": [post.pk for post in posts]}
    return client.post(LIST, data).context["plan"].lines


@pytest.fixture
def editor(client):
    user = make_user("ed", roles=["Editors"], first_name="Ed", last_name="Itor")
    client.force_login(user)
    return user


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


class TestActions:
    def test_publish_now(self, client, editor):
        posts = [make_post(starts=1), make_post(starts=-3, ends=-2), make_post()]

        response = run(client, "publish_now", posts)

        assert Post.objects.live().count() == 3
        assert said(response).startswith("2 posts are live now. <a")
        assert said(response).endswith(f"Stays as it is, it is live already: {posts[2]}.")

    def test_end_now(self, client, editor):
        posts = [make_post(), make_post(starts=1)]

        response = run(client, "end_now", posts)

        assert Post.objects.ended().get() == posts[0]
        assert said(response).startswith(f"“{posts[0]}” is not shown any more. <a")
        assert said(response).endswith(f"Stays as it is, it is not live: {posts[1]}.")

    def test_publish_now_asks_first_and_says_who_gets_a_mail(self, client, editor):
        sales, lab = make_department("Sales"), make_department("Lab")
        for name, department in (("ann", sales), ("bob", sales), ("cy", lab)):
            make_user(name, department=department)
        posts = [
            make_post("One", starts=1, mail_audience=True, audience=[sales]),
            make_post("Two", starts=1, mail_audience=True, audience=[sales, lab]),
            make_post(starts=1),
            make_post(),
        ]

        lines = plan(client, "publish_now", posts)

        assert Post.objects.scheduled().count() == 3
        ann, bob, cy = (f"{name}@example.com" for name in ("ann", "bob", "cy"))
        assert lines[0].startswith("Changed: 3 posts, Goes live: ")
        assert f"Mails: 2 mails “One”: {ann}, {bob}" in lines
        assert f"Mails: 3 mails “Two”: {ann}, {bob}, {cy}" in lines

    def test_publish_now_says_that_a_post_for_everybody_goes_to_everybody(self, client, editor):
        post = make_post("Party", starts=1, mail_audience=True)
        make_user("ann", is_staff=False)

        lines = plan(client, "publish_now", [post])

        assert "Mails: 2 mails “Party”: ann@example.com, ed@example.com" in lines

    def test_publish_now_leaves_a_mail_that_cannot_be_written_to_the_worker(
        self, client, editor, monkeypatch
    ):
        monkeypatch.setattr(publishing, "facts", lambda post: post.nothing)
        make_superuser("root")
        post = make_post("Party", starts=1, mail_audience=True)

        run(client, "publish_now", [post])

        assert Post.objects.live().due_for_mail().get() == post
        assert Notice.objects.get().message == "The post “Party” could not be mailed"

    def test_publish_now_mails_at_once(self, client, editor):
        run(client, "publish_now", [make_post("Party", starts=1, mail_audience=True)])

        assert Mail.objects.get(subject="Party").to == editor.email
        assert Post.objects.get().mailed_at

    def test_end_now_asks_first(self, client, editor):
        posts = [make_post("Live"), make_post("Later", starts=1)]

        changed, same = plan(client, "end_now", posts)

        assert changed.endswith("→ now: Live")
        assert same == "Stays as it is, it is not live: Later"
        assert Post.objects.live().exists()

    def test_works_on_a_filtered_list(self, client, editor):
        sales = make_department()
        post = make_post(audience=[sales])
        address = f"{LIST}?audience__id__exact={sales.pk}&q=post&status=live"

        confirmed(client, address, {"action": "end_now", "_selected_action": [post.pk]})

        assert Post.objects.ended().get() == post

    def test_changes_nothing_when_one_post_fails(self, client, editor, monkeypatch):
        posts = [make_post(starts=1), make_post(starts=1, title="Broken")]
        save = Post.save

        def fail(post, *args, **kwargs):
            save(post, *args, **kwargs)
            if post.title == "Broken":
                raise KeyError

        monkeypatch.setattr(Post, "save", fail)

        with pytest.raises(KeyError):
            run(client, "publish_now", posts)

        assert Post.objects.scheduled().count() == 2


class TestDeletion:
    @pytest.fixture
    def admins(self, editor):
        admins = [make_superuser("root"), make_user("hr", roles=["HR"])]
        Mail.objects.all().delete()
        return admins

    def test_both_pages_say_who_is_told(self, client, admins):
        posts = [make_post("One"), make_post("Two")]

        single = client.get(page(posts[0], "delete")).context["plan"].lines
        bulk = plan(client, "delete_selected", posts)
        assert "Who is told: “Ed Itor deleted the post “One””: hr, root" in single
        assert "Who is told: “Ed Itor deleted 2 posts: “One”, “Two””: hr, root" in bulk

    def test_through_the_page(self, client, admins):
        confirmed(client, page(make_post("Party"), "delete"), {})

        assert not Post.objects.exists()
        assert {notice.recipient for notice in Notice.objects.all()} == set(admins)
        assert Notice.objects.first().message == "Ed Itor deleted the post “Party”"
        assert Mail.objects.count() == 2

    def test_through_the_bulk_action_of_a_filtered_list(self, client, admins):
        sales = make_department()
        post = make_post(audience=[sales])
        address = f"{LIST}?audience__id__exact={sales.pk}&q=post"
        data = {"action": "delete_selected", "_selected_action": [post.pk]}

        confirmed(client, address, data)

        assert not Post.objects.exists()
        assert sales.name in Notice.objects.first().detail

    def test_through_the_bulk_action(self, client, admins):
        posts = [make_post() for _ in range(12)]

        run(client, "delete_selected", posts)

        assert not Post.objects.exists()
        assert Notice.objects.count() == Mail.objects.count() == 2
        assert Notice.objects.first().message.startswith("Ed Itor deleted 12 posts: ")
