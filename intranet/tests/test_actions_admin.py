from datetime import timedelta
from functools import partial

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from documents.models import Post
from documents.tests.factories import make_document, make_post
from intranet.admin import action_page
from intranet.files.models import FileRemoval
from intranet.outbox.mail import queue
from intranet.outbox.models import Mail, Notice
from intranet.trace.action import mark
from intranet.trace.models import Action, Change
from intranet.worker import Worker
from staff.models import Department, Profile, User
from staff.tests.factories import make_department, make_user

from .undoing import act, as_role

pytestmark = pytest.mark.django_db
LIST = "/admin/intranet/action/"
OF = "what was changed"


def page(action):
    return f"{LIST}{action.pk}/change/"


def told(client, **query):
    """Return what the list says of each action, newest first."""
    model_admin = (response := client.get(LIST, query)).context["cl"].model_admin
    return [model_admin.what(action) for action in response.context["cl"].result_list]


def rename(model, name):
    row = model.objects.get(name=name)
    row.name = "New name"
    row.save()


class TestWords:
    def test_are_made_from_the_changes(self, client):
        as_role(client, "superuser")
        act(lambda: Group.objects.create(name="Club"))

        assert told(client)[0] == "Group “Club” created"

    def test_count_many_and_begin_with_what_was_asked_for(self, client):
        as_role(client, "superuser")
        for _ in range(3):
            make_document(make_user("", last_name="Berg"))
        act(User.objects.filter(last_name="Berg").delete)
        Action.objects.update(summary="", said=[])

        assert told(client)[0].startswith("3 people deleted, ")
        assert "3 papers deleted" in told(client)[0]

    def test_are_the_summary_where_there_is_one(self, client):
        as_role(client, "superuser")
        act(lambda: Group.objects.create(name="Club"), summary="A club was founded.")

        assert told(client)[0] == "A club was founded."

    def test_are_not_the_summary_for_those_who_do_not_see_all(self, client):
        as_role(client, "Editors")
        author = make_user("ann")
        make_post("Party", author=author)
        action = act(author.delete, summary="Ann was deleted.")

        assert told(client)[0] == "Post “Party” changed"
        content = client.get(page(action)).content.decode()
        assert "which you may not see" in content
        assert "Ann was deleted" not in content
        assert "ann@example.com" not in content


class TestSearch:
    @pytest.fixture(autouse=True)
    def gone(self, client):
        self.user = as_role(client, "HR")
        ada = make_user("ada", first_name="Özgür", last_name="Éva")
        act(ada.delete, make_user("cleo", first_name="Cléo"))

    @pytest.mark.parametrize("term", ["ozgur", "EVA", "eva özgür", "cleo"])
    def test_finds_what_was_deleted_and_who_did_it(self, client, term):
        assert "Person “Özgür Éva” deleted" in told(client, q=term)[0]

    def test_finds_nothing_else(self, client):
        assert not told(client, q="ozgur nobody")

    def test_does_not_find_what_one_may_not_see(self, client):
        as_role(client, "Editors")
        make_post("Party", author=make_user("ann", first_name="Ann"))
        act(User.objects.get(username="ann").delete)

        assert told(client, q="party")
        assert not told(client, q="ann")


class TestFilters:
    @pytest.fixture(autouse=True)
    def actions(self, client):
        root = as_role(client, "superuser")
        self.club = act(lambda: Group.objects.create(name="Club"), root)
        self.lab = act(lambda: make_department("Lab"))
        self.renamed = act(lambda: rename(Group, "Club"))
        self.both = act(lambda: [Group.objects.create(name="Band"), rename(Department, "Lab")])

    def found(self, client, **query):
        return {*client.get(LIST, query).context["cl"].result_list}

    def test_by_person(self, client):
        root = User.objects.get(username="root")

        assert self.found(client, actor__id__exact=root.pk) == {self.club}

    def test_by_kind_and_by_both_of_the_same_change(self, client):
        both = {"of": "auth.group", "kind": "changed"}

        assert self.club in self.found(client, kind="created")
        assert self.club not in self.found(client, kind="changed")
        assert self.found(client, of="staff.department") == {self.lab, self.both}
        found = self.found(client, **both)
        assert self.renamed in found
        assert not found & {self.club, self.lab, self.both}

    def test_by_day(self, client):
        Action.objects.filter(pk=self.lab.pk).update(at=now() - timedelta(days=9))
        until = (now() - timedelta(days=8)).strftime("%d/%m/%Y")

        assert self.found(client, at_to=until) == {self.lab}

    def test_by_receiver(self, client):
        newcomer = act(lambda: make_user("ann"))

        assert newcomer in self.found(client, cause="staff.admit_newcomer")
        assert not self.found(client, cause="staff.follow_department")
        assert not self.found(client, cause="staff.no_such_receiver")

    def test_by_a_receiver_that_only_sent_mail(self, client):
        mailed = act(lambda: queue("notice", ["a@example.com"], {"message": "x"}, cause="x.y"))

        assert self.found(client, cause="x.y") == {mailed}
        assert not self.found(client, cause="x")

    def test_by_a_receiver_finds_what_the_viewer_sees_of_it(self, client):
        newcomer = act(lambda: make_user("ann"))
        mailed = act(lambda: [queue("notice", ["a@example.com"], {}, cause="x.y"), make_user("bo")])

        as_role(client, "HR")
        assert newcomer in self.found(client, cause="staff.admit_newcomer")
        assert self.found(client, cause="x.y") == {mailed}

        as_role(client, "Editors")
        assert not self.found(client, cause="staff.admit_newcomer")
        assert not self.found(client, cause="x.y")

    def test_can_be_counted(self, client):
        as_role(client, "HR")

        content = client.get(LIST, {"_facets": "True"}).content.decode()

        assert "Departments (2)" in content

    def test_offer_what_the_viewer_sees(self, client):
        as_role(client, "Editors")
        filters = client.get(LIST).context["cl"].filter_specs

        (subjects,) = [it.lookup_choices for it in filters if getattr(it, "title", "") == OF]
        assert subjects == [
            ("documents.post", "Posts"),
            ("documents.acknowledgement", "Acknowledgements"),
        ]
        assert not any(getattr(it, "field_path", "") == "actor" for it in filters)


class TestRights:
    def test_the_list_is_for_those_who_change_something(self, client):
        for roles, status in (([], 403), (["Editors"], 200), (["HR"], 200)):
            as_role(client, *roles)
            assert client.get(LIST).status_code == status

    def test_hr_sees_people_and_not_groups(self, client):
        as_role(client, "HR")
        act(lambda: Group.objects.create(name="Club"))
        act(lambda: make_user("ann"))

        assert told(client)[0].startswith("Person “ann” created")
        assert "Group “Club” created" not in told(client)

    @pytest.mark.parametrize("role", ["HR", "Editors"])
    def test_whoever_did_what_only_sent_mail_finds_and_opens_it(self, client, role):
        viewer = as_role(client, role)
        mailed = [
            act(lambda: queue("notice", ["a@example.com"], {"message": "x"}, cause="x.y"), who)
            for who in (viewer, make_user("ann"))
        ]

        for query in ({}, {"cause": "x.y"}, {"q": str(viewer)}):
            results = client.get(LIST, query).context["cl"].result_list
            assert [it for it in mailed if it in results] == mailed[:1]
        assert [client.get(page(it)).status_code for it in mailed] == [200, 302]
        assert "a@example.com" in client.get(page(mailed[0])).content.decode()

    def test_editors_see_posts_and_not_people(self, client):
        as_role(client, "Editors")
        post = act(lambda: make_post("Party"))
        person = act(lambda: make_user("ann"))

        assert told(client) == ["Post “Party” created"]
        assert client.get(page(post)).status_code == 200
        assert client.get(page(person)).status_code == 302

    def test_readers_see_the_actions_of_posts_that_they_read(self, client):
        as_role(client)
        live, planned = act(lambda: make_post()), act(lambda: make_post(starts=1))

        assert client.get(page(live)).status_code == 200
        assert client.get(page(planned)).status_code == 403

    @pytest.mark.parametrize(("roles", "count"), [([], 0), (["Editors"], 1), (["HR"], 1)])
    def test_deleted_posts_are_seen_by_those_who_may_change_posts(self, client, roles, count):
        as_role(client, *roles)
        make_post("Party")
        action = act(Post.objects.all().delete)

        assert (client.get(page(action)).status_code == 200) == bool(count)

    def test_profiles_are_not_seen_by_those_who_see_the_directory(self, client):
        as_role(client, "Editors")
        ann = make_user("ann")
        action = act(lambda: Profile(pk=ann.profile.pk, user=ann, leaving_note="Bye").save())

        assert Change.objects.filter(action=action).exists()
        assert client.get(page(action)).status_code == 302

    def test_profiles_of_people_that_are_hidden_are_hidden(self, client, monkeypatch):
        as_role(client, "HR")
        ann = make_user("ann", last_name="Berg")
        action = act(lambda: Profile(pk=ann.profile.pk, user=ann, leaving_note="Bye").save())
        assert client.get(page(action)).status_code == 200

        people = User.objects.exclude(pk=ann.pk)
        monkeypatch.setattr(admin.site.get_model_admin(User), "get_queryset", lambda _: people)

        assert client.get(page(action)).status_code == 302
        ann.delete()  # who is gone is seen by those who may change people
        assert client.get(page(action)).status_code == 200

    @pytest.mark.parametrize("key", ["", "none", "9" * 30])
    def test_a_change_of_what_has_no_such_key_is_seen_by_nobody(self, client, key):
        viewer = as_role(client, "HR")
        viewer.user_permissions.set(
            Permission.objects.filter(codename__in=["view_user", "change_department"])
        )
        viewer.groups.clear()
        person = act(lambda: make_user("ann"))
        Change.objects.filter(action=person).update(object_key=key)

        assert client.get(LIST).status_code == 200
        assert client.get(page(person)).status_code == 302

    def test_nobody_edits_or_deletes(self, client):
        as_role(client, "superuser")
        action = act(lambda: Group.objects.create(name="Club"))

        assert client.get(f"{LIST}add/").status_code == 403
        assert client.post(f"{LIST}{action.pk}/delete/", {"post": "yes"}).status_code == 403
        assert client.post(page(action), {"summary": "x"}).status_code == 403
        assert not client.get(LIST).context["action_form"]

    def test_a_key_that_is_none_leads_away(self, client):
        as_role(client, "superuser")

        assert client.get(f"{LIST}nothing/change/").status_code == 302


class TestPage:
    def sections(self, client, action):
        return {it["title"]: it for it in client.get(page(action)).context["sections"]}

    def test_groups_changes_with_what_caused_them(self, client):
        as_role(client, "superuser")
        ada = make_user("ada", last_name="Berg")
        make_document(ada)
        sections = self.sections(client, act(ada.delete))

        first, *_ = sections
        assert first == "Person “Berg” deleted"
        assert sections["Paper “cv.pdf” deleted"]["why"].startswith("Follows from the deletion")

    def test_shows_a_hundred_and_counts_all(self, client):
        as_role(client, "superuser")
        action = act(lambda: [Group.objects.create(name=f"Group {it}") for it in range(130)])

        section = self.sections(client, action)["130 groups created"]

        assert (len(section["table"]["rows"]), section["more"]) == (100, 30)

    def test_shows_some_of_each_group(self, client):
        as_role(client, "superuser")
        action = act(lambda: [make_department("Lab"), *(make_user(f"u{it}") for it in range(130))])

        tables = {it: len(s["table"]["rows"]) for it, s in self.sections(client, action).items()}

        assert tables["Department “Lab” created"] == 1
        assert tables["130 people created"] == tables["130 directory entries created"] == 33
        changes = [rows for title, rows in tables.items() if title.endswith(("created", "changed"))]
        assert sum(changes) == 100

    def test_says_no_more_where_none_is_shown(self, client, monkeypatch):
        monkeypatch.setattr(action_page, "SHOWN", 0)
        as_role(client, "superuser")
        action = act(lambda: [Group.objects.create(name=name) for name in ("A", "B")])

        content = client.get(page(action)).content.decode()

        assert "2 groups created" in content
        assert "… and" not in content

    @pytest.mark.parametrize(
        ("numbers", "shown"),
        [([130], [100]), ([3000, 1, 3000], [50, 1, 49]), ([20, 30], [20, 30]), ([], [])],
    )
    def test_shares_a_hundred_rows_among_the_groups(self, numbers, shown):
        assert sorted(action_page.shares(numbers)) == sorted(shown)

    @pytest.fixture
    def action(self):
        action = act(lambda: make_post("Party"))
        marks = {"action": action, "cause": "staff.queue_welcome_mail"}
        Mail.objects.create(to="a@example.com", subject="Hello", message_id="1", **marks)
        Notice.objects.create(recipient=make_user("ann"), message="Look", **marks)
        FileRemoval.objects.create(
            name="a", source="documents.Document.file", removed_at=now(), **marks
        )
        return action

    def test_shows_mails_notices_and_files_with_what_became_of_them(self, client, action):
        as_role(client, "superuser")

        sections = self.sections(client, action)

        ((status, to, subject, why),) = sections["1 mail"]["table"]["rows"]
        assert (status, to, "Hello" in subject) == ("waiting", "a@example.com", True)
        assert why.startswith("Puts the welcome mail")
        assert str(sections["1 notice"]["table"]["rows"][0][0]) == "ann"
        ((status, file, *_),) = sections["1 file removal"]["table"]["rows"]
        assert status.startswith("removed, ")
        assert "File of a paper" in file

    def test_shows_them_only_to_those_who_may_see_them(self, client, action):
        as_role(client, "Editors")

        assert self.sections(client, action).keys() == {"Post “Party” created"}

    def test_number_of_queries_does_not_grow(self, client):
        hr = as_role(client, "HR")

        def queries(url):
            with CaptureQueriesContext(connection) as found:
                client.get(url)
            return len(found)

        def work(names):
            for name in names:
                make_user(name)
                Notice.objects.create(recipient=hr, **mark())

        few = act(lambda: work("a"))
        alone, listed = queries(page(few)), queries(LIST)
        many = act(lambda: work("bcdef"))

        assert queries(page(many)) == alone
        assert queries(LIST) == listed


class TestForgetting:
    @pytest.fixture
    def old(self, settings):
        settings.HISTORY_KEEP_DAYS = 10
        action = act(lambda: [Group.objects.create(name=f"Group {it}") for it in range(30)])
        Action.objects.filter(pk=action.pk).update(at=now() - timedelta(days=11))
        return action

    def test_old_actions_go_with_their_changes(self, old):
        kept = act(lambda: Group.objects.create(name="Club"))
        Mail.objects.create(to="a@example.com", action=old, message_id="1")

        Worker().run_once()

        assert kept in Action.objects.all()
        assert old not in Action.objects.all()
        assert not Change.objects.filter(action_id=old.pk).exists()
        assert Mail.objects.filter(action_id=old.pk).exists()

    def test_a_round_deletes_a_piece(self, old, monkeypatch):
        from intranet.trace import action

        before = Change.objects.count()
        monkeypatch.setattr(action.queue, "purge", partial(action.queue.purge, limit=1))

        assert action.purge("default") == 1
        assert Change.objects.count() == before - 1
        assert old in Action.objects.all()

    def test_costs_one_question_when_nothing_is_old(self, django_assert_num_queries):
        from intranet.trace.action import purge

        with django_assert_num_queries(1):
            assert not purge("default")
