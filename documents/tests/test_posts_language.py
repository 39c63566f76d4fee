import datetime

import pytest
from django.utils import timezone

from documents.publishing import mail_post
from documents.tests.factories import make_post
from intranet.outbox.models import Mail
from intranet.tests.outbox import text_of
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_a_post_is_mailed_in_the_language_of_each_reader():
    ada, bob = make_user("ada", language="de"), make_user("bob")
    day = timezone.make_aware(datetime.datetime(2024, 5, 3, 9))
    post = make_post("Party", author=ada, publish_at=day, mail_audience=True)

    mail_post(post.pk)

    assert "ada, 03.05.2024" in text_of(Mail.objects.get(to=ada.email, template="post"))
    assert "ada, 3 May 2024" in text_of(Mail.objects.get(to=bob.email, template="post"))
