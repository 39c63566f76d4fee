import pytest
from django.utils import timezone

from documents.models import Document
from documents.tests.factories import make_document
from intranet.outbox.models import Notice
from staff import leaving
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


class TestListPapersOfLeaver:
    def leave(self, user):
        leaving.plan(user, timezone.localdate())
        return Notice.objects.filter(detail__contains="to look after")

    def test_admins_hear_what_runs_out_and_what_must_be_kept(self):
        make_superuser()
        ada = make_user("ada", first_name="Ada")
        make_document(ada, kind=Document.Kind.CONTRACT, title="Work contract")
        make_document(ada, kind=Document.Kind.IDENTITY, title="Passport", expires_on="2031-05-03")
        make_document(ada, title="CV")

        notice = self.leave(ada).get()

        assert notice.message == "Ada has left; Ada leaves 2 papers to look after"
        assert "Ada leaves 2 papers to look after" in notice.detail
        assert "Work contract (Contract): must be kept" in notice.detail
        assert "Passport (Identity paper): valid until 3 May 2031" in notice.detail
        assert "CV" not in notice.detail

    def test_nothing_to_look_after_is_no_notice(self):
        make_superuser()
        ada = make_user()
        make_document(ada)

        assert not self.leave(ada).exists()

    def test_papers_stay(self):
        ada = make_user()
        paper = make_document(ada)

        self.leave(ada)

        assert Document.objects.get(pk=paper.pk).file.storage.exists(paper.file.name)
