"""What others change between the question and its answer is asked about again."""

import pytest
from django.urls import reverse

from documents.models import Post
from documents.tests.factories import make_post
from intranet.outbox.models import Mail
from intranet.tests.pages import confirming
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
LIST = reverse("admin:documents_post_changelist")


@pytest.fixture
def post(client):
    client.force_login(make_superuser())
    for number in range(25):
        make_user(f"reader{number:02}", email=f"reader{number:02}@example.com")
    Mail.objects.all().delete()
    return make_post(title="News", publish_at="2099-01-01T00:00Z", mail_audience=True)


def answered(page):
    return {"post": "yes", **confirming(page)}


def change_text(post):
    Post.objects.filter(pk=post.pk).update(body="<p>Something else</p>")


def swap_readers(post):
    User.objects.filter(username="reader24").update(email="somebody-else@example.com")


@pytest.mark.parametrize("change", [change_text, swap_readers])
def test_mails_to_the_last_word_and_reader(client, post, change):
    asked = {"action": "publish_now", "_selected_action": [post.pk]}
    page = client.post(LIST, asked)
    change(post)

    answer = client.post(LIST, asked | answered(page))

    assert answer.status_code == 200
    assert not Mail.objects.exists()
    assert client.post(LIST, asked | answered(answer)).status_code == 302
    assert Mail.objects.filter(subject__contains="News").count() == 26


def test_what_is_in_a_row_that_goes(client, post):
    url = reverse("admin:documents_post_delete", args=[post.pk])
    page = client.get(url)
    change_text(post)

    answer = client.post(url, answered(page))

    assert answer.status_code == 200
    assert Post.objects.filter(pk=post.pk).exists()
    assert client.post(url, answered(answer)).status_code == 302
