"""Undoing an action in a shell; test_undo_admin.py does so on its page."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.utils.timezone import localdate, now

from documents.models import Document, Post
from documents.tests.factories import make_document, make_post, pdf_bytes
from intranet import progress
from intranet.outbox.models import Mail, Notice
from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from intranet.trace.undo import can_be_restored, can_be_undone, undo
from intranet.vetoes import Veto
from staff import leaving, sessions
from staff.models import Department, Profile, User
from staff.superusers import LastSuperuserError
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.tables import run

pytestmark = pytest.mark.django_db


def act(do, user=None, **kwargs):
    """Do something as one action, and return its row."""
    with begin(user, **kwargs) as it, batched():
        do()
    return Action.objects.get(pk=it.id)


def put(row, **values):
    row.refresh_from_db()
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values])


def undone(action, user=None) -> str:
    """Undo an action, and return what stays as it is."""
    with begin(user) as it, batched():
        undo(action)
        return "; ".join(it.collected("left", "default"))


def groups(user):
    return set(user.groups.exclude(name="User").values_list("name", flat=True))


class TestFields:
    def test_are_set_back(self):
        ada = make_user("ada", first_name="Ada")
        action = act(lambda: put(ada, first_name="Adele", email="adele@example.com"))

        undone(action)

        ada.refresh_from_db()
        assert (ada.first_name, ada.email) == ("Ada", "ada@example.com")

    def test_changed_since_stay_and_are_listed(self):
        ada = make_user("ada", first_name="Ada", last_name="Lee")
        action = act(lambda: put(ada, first_name="Adele", last_name="Berg"))
        put(ada, first_name="Ida")

        left = undone(action)

        ada.refresh_from_db()
        assert (ada.first_name, ada.last_name) == ("Ida", "Lee")
        assert left == "Stays as it is, changed since: Ida Berg (First name)"

    def test_changed_twice_are_what_they_were_at_first(self):
        ada = make_user("ada", first_name="Ada")
        action = act(lambda: [put(ada, first_name=name) for name in ("Adele", "Ida")])

        undone(action)

        ada.refresh_from_db()
        assert ada.first_name == "Ada"

    def test_of_every_kind_are_exactly_what_they_were(self):
        day = now() - timedelta(days=2, microseconds=123)
        post = make_post("Party", publish_at=day, pinned=True, expires_at=day + timedelta(days=9))
        action = act(lambda: put(post, publish_at=now(), pinned=False, expires_at=None))

        undone(action)

        post.refresh_from_db()
        assert (post.publish_at, post.pinned) == (day, True)
        assert post.expires_at == day + timedelta(days=9)

    def test_that_led_to_what_is_gone_stay(self):
        ada, bob, cleo = make_user("ada"), make_user("bob"), make_user("cleo")
        put(ada.profile, manager=bob)
        action = act(lambda: put(ada.profile, manager=cleo, phone="1"))
        bob.delete()

        left = undone(action)

        assert Profile.objects.get(user=ada).manager == cleo
        assert "Stays as it is, what was there before is gone: ada (Manager)" in left

    def test_taken_by_somebody_else_stay(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, email="new@example.com", first_name="Ada"))
        make_user("bob", email="ada@example.com")

        left = undone(action)

        ada.refresh_from_db()
        assert (ada.email, ada.first_name) == ("new@example.com", "")
        assert "does not fit by now: " in left
        assert "(E-mail address)" in left

    def test_of_secrets_are_not_undone(self):
        ada = make_user("ada", first_name="Ada")
        hashed = ada.password
        ada.set_password("other")
        action = act(lambda: put(ada, first_name="Adele", password=ada.password))
        ada.refresh_from_db()

        left = undone(action)

        assert User.objects.get(pk=ada.pk).password == ada.password != hashed
        assert "nobody knows what was there before" in left

    def test_saved_through_the_person_are_set_back(self):
        ada = make_user("ada")

        def save():
            ada.profile.phone = "123"
            ada.save()

        undone(act(save))

        assert Profile.objects.get(user=ada).phone == ""

    def test_of_a_file_that_is_gone_stay(self, django_capture_on_commit_callbacks):
        paper = make_document(make_user("ada"), title="CV")
        new = make_document(paper.owner, content=pdf_bytes("new")).file.name
        with django_capture_on_commit_callbacks(execute=True):
            action = act(lambda: put(paper, file=new, title="New CV"))

        left = undone(action)

        paper.refresh_from_db()
        assert (paper.file.name, paper.title) == (new, "CV")
        assert "what was there before is gone" in left

    @pytest.mark.parametrize("grace", [0, 3600])
    def test_of_a_file_come_back_with_it_or_stay(
        self, grace, settings, django_capture_on_commit_callbacks
    ):
        settings.FILE_REMOVAL_GRACE = grace
        paper = make_document(make_user("ada"), name="old.pdf")
        before = Document.objects.values().get()
        with django_capture_on_commit_callbacks(execute=True):
            new = ContentFile(pdf_bytes("new"), name="new.pdf")
            action = act(lambda: put(paper, file=new, original_name="", title="New"))

        with django_capture_on_commit_callbacks(execute=True):
            undone(action)

        after = Document.objects.values().get()
        kept = {"file", "original_name", "size", "sha256"}
        assert {name for name in kept if after[name] != before[name]} == (set() if grace else kept)
        assert (after["title"], after["original_name"]) == ("", "old.pdf" if grace else "new.pdf")
        assert paper.file.storage.exists(after["file"])


class TestGroups:
    def test_given_are_taken_back_and_those_taken_given(self):
        ada = make_user("ada", roles=["HR"])
        hr, editors = (Group.objects.get(name=name) for name in ("HR", "Editors"))
        action = act(lambda: [ada.groups.add(editors), ada.groups.remove(hr)])

        undone(action)

        assert groups(ada) == {"HR"}

    def test_taken_since_stay_so(self):
        ada, bob = make_user("ada"), make_user("bob")
        editors = Group.objects.get(name="Editors")
        action = act(lambda: editors.user_set.add(ada, bob))
        ada.groups.clear()

        undone(action)

        assert (groups(ada), groups(bob)) == (set(), set())

    def test_of_a_department_follow(self):
        lab = make_department("Lab")
        ada = make_user("ada", department=lab)
        action = act(lambda: lab.groups.add(Group.objects.get(name="HR")))
        assert groups(ada) == {"HR"}

        undone(action)

        assert groups(ada) == set()

    def test_somebody_had_before_stay_theirs(self):
        lab = make_department("Lab", groups=["HR"])
        ada = make_user("ada", roles=["HR"])
        action = act(lambda: put(ada.profile, department=lab))

        undone(action)

        assert Profile.objects.get(user=ada).department is None
        assert groups(ada) == {"HR"}

    def test_that_came_since_with_the_department_go_with_it(self):
        lab = make_department("Lab")
        ada = make_user("ada")
        action = act(lambda: put(ada.profile, department=lab))
        lab.groups.add(Group.objects.get(name="HR"))

        undone(action)

        assert groups(ada) == set()

    def test_are_derived_anew_where_the_department_lost_them_since(self):
        lab = make_department("Lab", groups=["HR"])
        ada = make_user("ada", department=lab)
        action = act(lambda: put(ada.profile, department=None))
        lab.groups.clear()

        undone(action)

        assert Profile.objects.get(user=ada).department == lab
        assert groups(ada) == set()

    def test_stay_with_whoever_moved_on(self):
        lab, hq = make_department("Lab", groups=["HR"]), make_department("HQ", groups=["HR"])
        ada, bob = make_user("ada"), make_user("bob")
        action = act(lambda: [put(it.profile, department=lab) for it in (ada, bob)])
        put(ada.profile, department=hq)

        left = undone(action)

        assert (groups(ada), groups(bob)) == ({"HR"}, set())
        assert left == "Stays as it is, changed since: ada (Department)"

    def test_an_audience_that_is_gone_does_not_become_everybody(self):
        lab, hq = make_department("Lab"), make_department("HQ")
        post = make_post(audience=[lab])
        action = act(lambda: [post.audience.set([hq]), put(post, title="For all at HQ")])
        lab.delete()

        undone(action)

        assert set(post.audience.all()) == {hq}


class TestCreated:
    def test_rows_are_deleted(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A", "b@example.com,B"))

        undone(action)

        assert not User.objects.exists()

    def test_rows_changed_since_stay(self):
        lines = "E-mail,Last name", "a@example.com,A", "b@example.com,B", "c@example.com,C"
        action = act(lambda: run(*lines))
        put(User.objects.get(last_name="B"), first_name="Bea")
        put(Profile.objects.get(user__last_name="C"), phone="1")

        left = undone(action)

        assert set(User.objects.values_list("last_name", flat=True)) == {"B", "C"}
        assert left == "Stays as it is, changed since: Bea B, C"

    def test_rows_changed_since_and_back_are_deleted(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A"))
        change = act(lambda: put(User.objects.get(), first_name="Ada"))
        undone(change)

        undone(action)

        assert not User.objects.exists()

    def test_rows_changed_back_and_forth_stay(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A"))
        undone(act(lambda: put(User.objects.get(), first_name="Ada")))
        undone(Action.objects.latest("at"))

        with pytest.raises(Veto, match="changed since: Ada A"):
            undone(action)

    def test_rows_used_since_stay(self):
        lines = "E-mail,Last name", "a@example.com,A", "b@example.com,B", "c@example.com,C"
        action = act(lambda: run(*lines))
        make_document(User.objects.get(last_name="A"))
        make_post(author=User.objects.get(last_name="B"))

        undone(action)

        assert set(User.objects.values_list("last_name", flat=True)) == {"A", "B"}
        assert Document.objects.exists()

    def test_a_group_that_was_given_since_stays(self):
        action = act(lambda: Group.objects.create(name="Club"))
        make_user("ada").groups.add(Group.objects.get(name="Club"))

        with pytest.raises(Veto, match="nothing left to undo"):
            undone(action)

        assert Group.objects.filter(name="Club").exists()

    def test_with_whom_was_moved_there(self):
        ada = make_user("ada")
        action = act(lambda: put(ada.profile, department=make_department("Lab", groups=["HR"])))

        undone(action)

        assert not Department.objects.exists()
        assert groups(ada) == set()
        assert Profile.objects.get(user=ada).department is None

    def test_profiles_are_never_deleted_by_themselves(self):
        ada = make_user("ada")
        Profile.objects.filter(user=ada)._raw_delete("default")
        action = act(lambda: [Profile.objects.create(user=ada), put(ada, first_name="Ada")])

        undone(action)

        assert User.objects.filter(pk=ada.pk).exists()

    def test_welcome_mails_that_wait_are_withdrawn_and_nobody_is_bid_farewell(self):
        make_superuser()
        action = act(lambda: run("E-mail,Last name", "a@example.com,A", welcome=True))
        assert Mail.objects.filter(to="a@example.com").exists()

        undone(action)

        assert not Mail.objects.filter(to="a@example.com").exists()
        assert Notice.objects.filter(message__contains="deleted A").exists()

    def test_mails_that_went_out_are_named(self):
        action = act(lambda: run("E-mail,Last name", "a@example.com,A", welcome=True))
        Mail.objects.filter(to="a@example.com").update(status="sent")

        assert "to a@example.com (sent)" in undone(action)

    def test_whoever_stays_keeps_their_welcome(self):
        lines = "E-mail,Last name", "a@example.com,A", "b@example.com,B"
        action = act(lambda: run(*lines, welcome=True))
        put(User.objects.get(last_name="A"), first_name="Ada")

        undone(action)

        mails = Mail.objects.filter(to__in=["a@example.com", "b@example.com"])
        assert [it.to for it in mails] == ["a@example.com"]


class TestOnce:
    def test_and_no_more(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))
        undone(action)
        put(ada, first_name="Ada")

        with pytest.raises(Veto, match="undone already"):
            undone(action)

        ada.refresh_from_db()
        assert ada.first_name == "Ada"

    def test_is_noted_with_the_action_that_did_it(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))

        undone(action)

        action.refresh_from_db()
        assert action.undone_by == Action.objects.latest("at").pk

    def test_can_itself_be_undone(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))
        undone(action)

        undone(Action.objects.latest("at"))

        ada.refresh_from_db()
        assert ada.first_name == "Ada"

    def test_leaves_nothing_after_a_rollback(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, first_name="Ada"))

        with pytest.raises(RuntimeError), begin(None), batched():
            undo(action)
            raise RuntimeError

        ada.refresh_from_db()
        action.refresh_from_db()
        assert (ada.first_name, action.undone_by) == ("Ada", None)


class TestNotEverything:
    def test_a_leaving_is_not_undone(self):
        ada = make_user("ada")
        action = act(lambda: leaving.plan(ada, localdate()))

        with pytest.raises(Veto, match="Bring back"):
            undone(action)

        ada.refresh_from_db()
        assert not ada.is_active

    def test_a_leaving_that_is_planned_is(self):
        ada = make_user("ada")
        action = act(lambda: leaving.plan(ada, localdate() + timedelta(days=9)))

        undone(action)

        assert Profile.objects.get(user=ada).left_on is None

    def test_sessions_that_ended_stay_so(self):
        ada = make_user("ada")
        action = act(lambda: put(ada, is_active=False))
        ada.refresh_from_db()
        ended = ada.sessions_ended_at

        left = undone(action)

        ada.refresh_from_db()
        assert ada.is_active
        assert ada.sessions_ended_at == ended is not None
        assert "Stays so, sessions that ended" in left

    def test_signing_out_everywhere_is_not_undone(self):
        ada = make_user("ada")

        with pytest.raises(Veto, match="nothing left"):
            undone(act(lambda: sessions.end(ada)))

    def test_the_last_superuser_stays_one(self):
        root = make_user("root")
        action = act(lambda: put(root, is_superuser=True))

        with pytest.raises(LastSuperuserError):
            undone(action)

    @pytest.mark.parametrize("kind", ["created", "changed", "deleted"])
    def test_what_an_old_log_entry_says_without_values_is_not(self, kind):
        post = make_post("Party")
        old = act(lambda: put(post, title="Picnic"))
        old.changes.update(kind=kind, values={}, object_key=post.pk if kind == "created" else 99)

        assert not can_be_undone(old)
        assert not can_be_restored(old)
        with pytest.raises(Veto, match="nothing left to undo"):
            undone(old)

    def test_deleted_people_stay_deleted(self):
        ada = make_user("ada", last_name="Lee")
        make_post("Party", author=ada)

        with pytest.raises(Veto, match="Stays deleted: Lee"):
            undone(act(ada.delete))

    def test_farewells_to_those_who_stay_deleted_stay(self):
        ada, bob = make_user("ada"), make_user("bob")
        action = act(lambda: [ada.delete(), put(bob, first_name="Bob")])

        undone(action)

        assert Mail.objects.filter(to="ada@example.com", template="farewell").exists()

    def test_mails_of_a_post_that_was_published_are_named(self):
        post = make_post("Party", starts=9, mail_audience=True)
        action = act(post.publish_now)
        type(post).objects.update(mailed_at=now())

        assert "Party" in undone(action)


class TestDeletedPosts:
    @pytest.fixture
    def post(self):
        lab, ann = make_department("Lab"), make_user("ann")
        facts = {"body": "<h2>Hi</h2><p>All &amp; sundry</p>", "pinned": True, "ends": 99}
        mailed = {"mail_audience": True, "mailed_at": now()}
        return make_post("Party", audience=[lab], author=ann, **facts, **mailed)

    def test_come_back_exactly_as_they_were(self, post):
        before = Post.objects.values().get()
        action = act(Post.objects.all().delete)

        assert undone(action) == ""

        assert Post.objects.values().get() == before
        assert [it.name for it in Post.objects.get().audience.all()] == ["Lab"]

    def test_come_back_together(self, post):
        make_post("Picnic")
        action = act(Post.objects.all().delete)

        undone(action)

        assert set(Post.objects.values_list("title", flat=True)) == {"Party", "Picnic"}

    def test_are_not_mailed_again(self, post):
        undone(act(Post.objects.all().delete))

        assert not Post.objects.due_for_mail()

    def test_come_back_once(self, post):
        action = act(post.delete)
        undone(action)
        Post.objects.all().delete()

        with pytest.raises(Veto, match="undone already"):
            undone(action)

        assert not Post.objects.exists()

    def test_come_back_without_author_and_audience_that_are_gone(self, post):
        post.audience.add(make_department("HQ"))
        action = act(post.delete)
        User.objects.get(username="ann").delete()
        Department.objects.get(name="Lab").delete()

        left = undone(action)

        post = Post.objects.get()
        assert (post.author, post.audience_text, post.status) == (None, "HQ", "live")
        assert left == "Comes back without what is gone: Party (ann), Party (Lab)"

    @pytest.mark.parametrize("starts", [-1, 50])
    def test_are_not_for_everybody_when_the_whole_audience_is_gone(self, post, starts):
        put(post, publish_at=now() + timedelta(hours=starts), mailed_at=None)
        action = act(post.delete)
        Department.objects.all().delete()

        left = undone(action)

        assert Post.objects.get().status == "ended"
        assert "Comes back as one that has ended" in left

    def test_can_be_deleted_again_by_undoing_that(self, post):
        undone(act(post.delete))

        undone(Action.objects.latest("at"))

        assert not Post.objects.exists()

    def test_do_not_come_back_after_a_rollback(self, post):
        action = act(post.delete)

        with pytest.raises(RuntimeError), begin(None), batched():
            undo(action)
            raise RuntimeError

        action.refresh_from_db()
        assert not Post.objects.exists()
        assert action.undone_by is None


class TestProgress:
    def test_counts_the_rows_that_are_set_back(self):
        people = [make_user(name) for name in ("ada", "bob", "cleo")]
        action = act(lambda: [put(person, first_name="Nobody") for person in people])

        with progress.counting(now := progress.Progress()):
            undo(action)

        assert (now.done, now.total, str(now.doing)) == (3, 3, "Undoing")

    def test_counts_the_rows_that_are_deleted_again(self):
        action = act(lambda: [Department.objects.create(name=name) for name in ("Lab", "Shop")])

        with progress.counting(now := progress.Progress()):
            undo(action)

        assert (now.done, now.total, str(now.doing)) == (2, 4, "Undoing")

    def test_counts_the_rows_that_come_back(self):
        action = act(make_post().delete)

        with progress.counting(now := progress.Progress()):
            undo(action)

        assert (now.done, now.total, str(now.doing)) == (1, 1, "Undoing")
