import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from documents.bench.history import fill
from documents.models import Document
from documents.tests.factories import make_document
from intranet.models import FileRemoval
from intranet.trace.models import Action
from staff.models import User
from staff.tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_of_many_papers_in_a_script_is_one_action():
    ada = make_user()
    make_document(ada), make_document(ada)
    Action.objects.all().delete()

    Document.objects.all().delete()

    action = Action.objects.get()
    assert action.summary == "2 papers deleted"
    assert set(FileRemoval.objects.values_list("action", flat=True)) == {action.pk}


def test_of_many_people_reads_no_more_often_than_of_few():
    def questions(tag, count):
        fill(tag, count)
        with CaptureQueriesContext(connection) as captured:
            User.objects.filter(username__startswith=tag).delete()
        return sum(it["sql"].startswith("SELECT") for it in captured)

    questions("first", 2)  # which learns the kinds of rows

    assert questions("few", 2) == questions("many", 600)


def test_of_a_part_of_a_list_is_refused_as_by_django():
    with pytest.raises(TypeError):
        User.objects.all()[:1].delete()
