"""What the site does while somebody else holds SQLite's one lock for writing, for a minute."""

import re
import shutil
import sqlite3
from contextlib import closing, contextmanager
from html import unescape
from threading import Timer
from time import monotonic
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import Resolver404, resolve, reverse

from documents.acknowledging import path_for
from documents.tests.factories import make_post, png_bytes
from intranet import worker as worker_module
from intranet.access import signing_in
from intranet.access.sessions import SessionMiddleware
from intranet.locks import aside, waiting
from intranet.models import Trouble
from intranet.outbox.models import Mail, Notice
from intranet.signals import work_due
from intranet.tasks import run
from intranet.tasks.models import Work
from intranet.tests.outbox import new_link, send
from intranet.tests.pages import confirming, opened, sent
from intranet.tests.test_mail import message
from intranet.trace import counts
from intranet.trace.action import begin
from intranet.trace.wiring import connect, counted, disconnect
from intranet.troubles import work_off
from intranet.worker import Worker
from staff import sessions
from staff.models import Department, SignIn, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="others lock rows only"),
]
LOGIN, PAGE = "/admin/login/", "http://testserver/admin/staff/user/"
SOON = 5  # seconds, on a busy machine; whoever waits for the lock does for 20


@pytest.fixture
def file(db, migrated, tmp_path):
    """Work on a file, as sites do: within one memory nobody has a lock of their own."""
    usual, path = connections["default"], shutil.copy(migrated, tmp_path)
    stand_in = connections.create_connection("default")
    stand_in.settings_dict = usual.settings_dict | {"NAME": path}
    stand_in.ensure_connection()
    connections["default"] = stand_in
    yield path
    connections["default"] = usual
    stand_in.close()


@pytest.fixture
def root(client, file):
    root = make_superuser()
    client.force_login(root)
    return root


@contextmanager
def writing(file):
    """Have another connection write, and not commit, during a block."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


@contextmanager
def within(seconds):
    start = monotonic()
    yield
    assert monotonic() - start < seconds


def busy_timeout():
    return connections["default"].connection.execute("PRAGMA busy_timeout").fetchone()[0]


class TestAside:
    def test_is_done_when_nobody_writes(self, file):
        with aside():
            make_department("Lab")

        assert Department.objects.exists()

    def test_is_left_when_somebody_does_and_nobody_waits(self, file):
        with writing(file), within(SOON), aside():
            Department.objects.create(name="Lab")

        assert not Department.objects.exists()

    def test_hides_no_other_error(self, file):
        with pytest.raises(OperationalError, match="no such table"), aside():
            connections["default"].cursor().execute("DELETE FROM nobody")

    def test_others_wait_as_long_as_ever(self, file):
        usual = busy_timeout()

        with waiting(0.5):
            shorter = busy_timeout()
        with writing(file), aside():
            Department.objects.create(name="Lab")

        assert (shorter, busy_timeout(), usual) == (500, 20_000, 20_000)


class TestReading:
    def notice(self, root):
        return Notice.objects.create(recipient=root, message="Somebody left", url="/admin/")

    def test_a_notice_is_shown_and_marked_as_read_another_time(self, client, file, root):
        notice = self.notice(root)
        page = reverse("admin:intranet_notice_change", args=[notice.pk])

        with writing(file), within(SOON):
            shown = client.get(page)

        assert "Somebody left" in shown.content.decode()
        assert Notice.objects.unread().exists()
        client.get(page)
        assert not Notice.objects.unread().exists()

    def test_what_receivers_did_is_counted_later(self, client, file, root, monkeypatch):
        monkeypatch.setattr(counts, "_next", 0)

        with writing(file), within(SOON):
            assert client.get("/admin/staff/user/").status_code == 200

        counts.store()
        assert "staff.create_profile" in counts.totals()

    def test_what_a_deletion_takes_is_shown_by_a_copy(self, client, file, root):
        lab = make_department("Lab")

        with writing(file), within(SOON):
            page = client.get(reverse("admin:staff_department_delete", args=[lab.pk]))

        assert "Lab" in str(page.context["plan"].sections)
        assert Department.objects.exists()

    def test_so_is_what_a_script_asks_of_a_form(self, client, file, root):
        lab = make_department("Lab")
        page = reverse("admin:staff_department_change", args=[lab.pk])
        form = opened(client, page, name="Laboratory", _ask="1")

        with writing(file), within(SOON):
            answer = client.post(page, form, headers={"X-Rehearse": "1"})

        assert "Laboratory" in answer.content.decode()
        assert Department.objects.get().name == "Lab"

    def test_so_is_what_a_form_asks_without_a_script(self, client, file, root):
        page = reverse("admin:staff_department_change", args=[make_department("Lab").pk])
        form = opened(client, page, name="Laboratory", _ask="1")

        with writing(file), within(SOON):
            answer = client.post(page, form)

        assert "Laboratory" in answer.context["plan"].sentence
        assert sent(answer)["name"] == ["Laboratory"]

    def test_a_session_that_is_over_is_deleted_later(self, client, file, root):
        sessions.end(root)

        with writing(file), within(SOON):
            answer = client.get("/admin/", follow=True)

        assert answer.redirect_chain[0][0].startswith("/admin/login/")

    def test_a_session_that_would_begin_there_does_not(self, file):
        request = RequestFactory().get("/admin/")
        middleware = SessionMiddleware(lambda request: HttpResponse())
        middleware.process_request(request)
        request.session["shown"] = True

        with writing(file), within(SOON):
            response = middleware.process_response(request, HttpResponse())

        assert response.status_code == 200
        assert response["Vary"] == "Cookie"

    def test_signing_out_deletes_a_session_or_says_that_it_could_not(self, client, file, root):
        request = RequestFactory().post("/admin/logout/")
        SessionMiddleware(lambda request: HttpResponse()).process_request(request)

        with writing(file), waiting(0), pytest.raises(OperationalError):
            request.session.delete(client.session.session_key)

    def test_what_a_page_changes_of_a_session_is_saved_later(self, client, file, root):
        request = RequestFactory().get("/")
        request.COOKIES["sessionid"] = client.session.session_key

        def page(request):
            request.session["shown"] = True
            return HttpResponse("the page")

        with writing(file), within(SOON):
            answer = SessionMiddleware(page)(request)

        assert answer.content == b"the page"
        assert "shown" not in client.session

    @pytest.mark.slow
    def test_every_page_is_there(self, file):
        call_command("demo", verbosity=0)
        root = User.objects.get(username="admin")
        Notice.objects.update(recipient=root)
        client = Client()
        client.force_login(root)

        with writing(file):
            late = [url for url, seconds in crawl(client) if seconds > SOON]

        assert late == []


class TestSigningIn:
    @pytest.mark.parametrize("password", ["secret", "wrong"])
    def test_says_on_the_form_that_the_site_is_busy(self, client, file, password, monkeypatch):
        make_user("ada")
        monkeypatch.setattr(signing_in, "PATIENCE", 0.1)

        with writing(file), within(SOON):
            page = client.post(LOGIN, {"username": "ada", "password": password})

        (said,) = page.context["form"].non_field_errors()
        assert "busy with something long" in said
        assert "Nothing was saved." not in page.text
        assert not SignIn.objects.exists()

    @pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
    def test_so_does_asking_for_a_password_link(self, client, file, email, monkeypatch):
        make_user("ada", is_staff=True)
        monkeypatch.setattr(signing_in, "PATIENCE", 0.1)

        with writing(file), within(SOON):
            page = client.post(reverse("admin_password_reset"), {"email": email})

        (said,) = page.context["form"].non_field_errors()
        assert "busy with something long" in said

    def test_waits_for_who_writes_shortly(self, client, file):
        make_user("ada")
        other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        Timer(0.5, other.close).start()

        answer = client.post(LOGIN, {"username": "ada", "password": "secret"})

        assert answer.status_code == 302
        assert "_auth_user_id" in client.session


class TestSaving:
    def test_shows_the_form_again_with_what_was_typed(self, client, file, root):
        bob = make_user("bob")
        page = reverse("admin:staff_user_change", args=[bob.pk])
        form = opened(client, page, **{"first_name": "Bobby", "profile-0-phone": "4711"})

        with writing(file), waiting(0.1), within(SOON):
            busy = client.post(page, form)
        saved = client.post(page, sent(busy))

        bob.refresh_from_db()
        assert busy.text.count("busy with something long") == 1
        assert not busy.context["errors"]
        assert "bg-red-500" not in busy.text.split("tabs-items")[1].split("</nav>")[0]
        assert (saved.status_code, bob.first_name, bob.profile.phone) == (302, "Bobby", "4711")

    def test_says_that_a_file_did_not_stay_chosen(self, client, file, root):
        page = reverse("admin:staff_user_change", args=[make_user("bob").pk])
        photo = SimpleUploadedFile("bob.png", png_bytes())
        form = opened(client, page, **{"profile-0-photo": photo})

        with writing(file), waiting(0.1):
            busy = client.post(page, form)

        assert busy.text.count("A file has to be chosen again.") == 1

    def test_of_somebody_new_does_so(self, client, file, root):
        page = reverse("admin:staff_user_add")

        with writing(file), waiting(0.1), within(SOON):
            busy = client.post(page, opened(client, page, email="ada@example.com"))

        assert sent(busy)["email"] == ["ada@example.com"]
        assert not User.objects.filter(email="ada@example.com").exists()

    def test_shows_what_was_confirmed_again_with_the_answers(self, client, file, root):
        page = reverse("admin:staff_user_leave_person", args=[make_user("bob").pk])
        answers = {"left_on": "2026-12-24", "note": "Sails", "csrfmiddlewaretoken": "x"}
        form = confirming(client.get(page)) | answers | {"post": "yes"}

        with writing(file), waiting(0.1), within(SOON):
            busy = client.post(page, form)

        assert "busy with something long" in busy.content.decode()
        assert "Sails" in busy.content.decode()
        assert busy.context["plan"].sentence
        assert not User.objects.filter(profile__left_on__isnull=False).exists()

    def test_what_a_worker_asked_says_so_beside_the_question(self, client, file, root, monkeypatch):
        monkeypatch.setattr("intranet.admin.bulk.LONG", 0)
        page = reverse("admin:staff_user_leave_person", args=[make_user("bob").pk])
        client.get(page)
        run.run_due()
        work = Work.objects.get()
        asked = f"http://testserver{work.page.replace('change', 'answer')}"
        form = confirming(client.get(asked)) | {"post": "yes", "csrfmiddlewaretoken": "x"}

        with writing(file), waiting(0.1):
            busy = client.post(page, form, follow=True, headers={"referer": asked})

        assert busy.request["PATH_INFO"] == work.page
        assert "busy with something long" in busy.content.decode()
        assert "Look and confirm" in busy.content.decode()

    def test_leads_back_to_the_page_of_the_form(self, client, file, root):
        sent = {"csrfmiddlewaretoken": "x"}

        with writing(file), waiting(0.1):
            page = client.post("/admin/logout/", sent, follow=True, headers={"referer": PAGE})

        assert page.request["PATH_INFO"] == "/admin/staff/user/"
        assert "busy with something long" in page.content.decode()
        assert "_auth_user_id" in client.session

    @pytest.mark.parametrize("page", ["", "undo", "action"])
    def test_leads_back_who_asks_by_a_link(self, client, file, root, monkeypatch, page):
        monkeypatch.setattr("intranet.admin.bulk.LONG", 0)
        with begin(root, "page", "Founded") as act:
            make_department("Lab")
        pages = {
            "undo": f"http://testserver/admin/intranet/action/{act.id}/undo/",
            "action": f"http://testserver/admin/intranet/action/{act.id}/change/",
        }

        with writing(file), waiting(0.1), within(SOON):
            came_from = {"referer": pages.get(page, "")}
            busy = client.get(pages["undo"], follow=True, headers=came_from)

        path = urlsplit(pages["action"]).path if page == "action" else "/admin/"
        assert busy.request["PATH_INFO"] == path
        assert "busy with something long" in busy.content.decode()

    def test_says_so_whoever_follows_a_link_in_a_mail(self, client, file):
        ada = make_user("ada")
        choosing = client.get(urlsplit(new_link(ada)).path, follow=True).request["PATH_INFO"]
        post = make_post(asks_acknowledgement=True)
        password = {"new_password1": "pear tree lane 7", "new_password2": "pear tree lane 7"}
        read = path_for(post.pk, ada.pk)

        with writing(file), waiting(0.1):
            pages = [
                client.post(url, data, follow=True)
                for url, data in {choosing: password, read: {"version": post.version}}.items()
            ]

        assert ["busy with something long" in page.text for page in pages] == [True, True]
        assert [page.request["PATH_INFO"] for page in pages] == [choosing, read]

    def test_leads_to_no_other_site(self, client, file, root):
        sent = {"csrfmiddlewaretoken": "x"}

        with writing(file), waiting(0.1):
            answer = client.post("/admin/logout/", sent, headers={"referer": "http://evil.test/"})

        assert answer.url == "/admin/logout/"


class TestWorking:
    @pytest.fixture
    def duty(self, file):
        def write(**kwargs):
            """Writes."""
            Department.objects.create(name="Lab")

        connect(work_due, write)
        yield counted(write)
        disconnect(work_due, write)

    def test_a_duty_is_done_in_the_next_round_and_has_not_failed(self, file, duty):
        worker = Worker()

        with writing(file), waiting(0.1):
            done = worker.work_a_round()
        worker.work_a_round()

        assert done["errors"] == 1
        assert duty.failures == 0
        assert Department.objects.exists()

    def test_it_has_failed_when_that_lasts(self, file, duty, monkeypatch):
        monkeypatch.setattr(worker_module, "LASTS", 2)
        worker = Worker()

        with writing(file), waiting(0.1):
            failures = [worker.work_a_round() and duty.failures for _ in range(3)]

        assert failures == [0, 1, 1]
        assert duty.error == "OperationalError: database is locked"

    def test_what_it_was_at_is_no_trouble(self, file):
        def be_late(pk):
            raise OperationalError("database is locked")

        make_department("Lab")
        with pytest.raises(OperationalError):
            work_off("a duty", Department.objects.all(), be_late, explain=None)

        assert not Trouble.objects.exclude(error="").exists()

    def test_that_mail_waits_is_logged_as_no_error(self, file, caplog):
        caplog.set_level("INFO", "intranet.worker")
        send([message()])

        with writing(file), waiting(0.1):
            Worker().work_a_round()
        sent = Worker().work_a_round()

        (line,) = caplog.records
        assert (line.levelname, line.exc_info) == ("INFO", None)
        assert sent[Mail.Status.SENT] == 1


def crawl(client):
    """Yield the address of each page that links lead to, a few of a kind, and the seconds taken."""
    pages, kinds = [*first_pages()], {}
    for url in pages:
        kind = kind_of(url)
        same = kinds.setdefault(kind, set())
        if kind is None or url in same or len(same) == 2:
            continue
        same.add(url)
        start = monotonic()
        page = client.get(url)
        yield url, monotonic() - start
        if page["Content-Type"].startswith("text/html"):
            links = re.findall(r'(?:href|src)="([^"#]+)"', page.content.decode())
            pages += [urljoin(url, unescape(it)) for it in links]
    assert len(kinds) > 100, sorted(map(str, kinds))


def first_pages():
    """Yield the pages of all models, also where no link leads."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield from (reverse(f"{name}_{it}") for it in ("changelist", "add"))
        for row in model._base_manager.all()[:1]:
            for view in ("change", "delete", "history"):
                yield reverse(f"{name}_{view}", args=[row.pk])


def kind_of(url):
    """Return the view, and whether it is asked for something; None if it is none of this site."""
    parts = urlsplit(url)
    try:
        return (not parts.netloc and (resolve(parts.path).view_name, bool(parts.query))) or None
    except Resolver404:
        return None
