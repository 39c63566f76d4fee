import pytest

from documents.models import Document
from documents.tests.factories import make_document
from intranet.models import FileRemoval
from intranet.trace.models import Action
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
