import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext, isolate_apps

from documents.bench.history import fill
from documents.models import Document
from documents.tests.factories import make_document
from intranet.collecting import lead_to_keys
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


@isolate_apps("documents")
def test_of_rows_with_keys_of_another_kind_is_left_to_django():
    class Day(models.Model):  # noqa: DJ008
        date = models.DateField(primary_key=True)

    class Place(models.Model):  # noqa: DJ008
        pass

    class Room(Place):  # noqa: DJ008
        number = models.AutoField(primary_key=True)
        place = models.OneToOneField(Place, models.CASCADE, parent_link=True)

    class Visit(models.Model):  # noqa: DJ008
        on = models.ForeignKey(Day, models.CASCADE)
        place = models.ForeignKey(Place, models.CASCADE)

    on, place = (Visit._meta.get_field(name) for name in ("on", "place"))

    assert lead_to_keys([place], [Place()])
    assert not lead_to_keys([place], [Room()])  # whose key is not that of the place
    assert not lead_to_keys([on], [Day()])
