import datetime

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from documents.publishing import explain, mail_post
from documents.tests.factories import make_post
from intranet import digest, troubles
from intranet.languages import speaking
from intranet.outbox.models import Mail, Notice
from intranet.tests.outbox import text_of
from staff import leaving
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


def test_a_post_is_mailed_in_the_language_of_each_reader():
    ada, bob = make_user("ada", language="de"), make_user("bob")
    day = timezone.make_aware(datetime.datetime(2024, 5, 3, 9))
    post = make_post("Party", author=ada, publish_at=day, mail_audience=True)

    mail_post(post.pk)

    assert "ada, 03.05.2024" in text_of(Mail.objects.get(to=ada.email, template="post"))
    assert "ada, 3 May 2024" in text_of(Mail.objects.get(to=bob.email, template="post"))


@pytest.mark.parametrize(
    "do",
    [
        lambda: make_post().delete(),
        lambda: make_user("ada").groups.add(Group.objects.get(name="HR")),
    ],
    ids=["a post goes", "somebody gains rights"],
)
def test_the_system_is_named_in_the_language_of_whoever_is_told(do):
    for language in ("de", "fr"):
        make_superuser(language, language=language)

    do()

    told = dict(Notice.objects.values_list("recipient__language", "message"))
    assert told["de"].startswith("Das System hat")
    assert told["fr"].startswith("Le système a")


@pytest.mark.parametrize(
    ("why", "message", "says"),
    [
        (explain, "La publication « X »", "Personne ne"),
        (leaving._explain, "Le départ de", "peut encore se connecter"),
        (digest.explain, "a pas pu être", "La première page"),
    ],
    ids=["a post", "somebody who leaves", "a digest"],
)
def test_what_failed_is_told_in_the_language_of_whoever_is_told(why, message, says):
    admin = make_superuser("root", language="fr")
    key = {explain: make_post("X").pk, leaving._explain: admin.profile.pk}.get(why, admin.pk)

    with speaking("de"):  # that of whoever did it
        troubles.note("work", key, ValueError("x"), why)

    told = Notice.objects.get()
    assert message in told.message
    assert says in told.detail
