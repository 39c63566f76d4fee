"""Searches find by an index what they find without, however it was written."""

import logging

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from intranet import receivers, trigrams
from intranet.admin import search
from intranet.admin.search import are_known_few
from intranet.folding import fold
from intranet.outbox.models import Notice
from staff.models import Profile, User
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL does it itself")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one index")
TERMS = ["özgür", "OZG", "zg", "z", "ür@", "ozgur beet", "beet", "clerk", "bee 77", "77", "sales"]
ODD = ['"', "'", '"a b"', "%", "_", "\\", "a*", "b OR c", "NEAR(a b)", "\u0301", "田中", "中", "👩"]
ALIAS = connection.alias


def index(model=User):
    return trigrams.index_of(model, ALIAS)


def keys(term, model=User):
    return set(trigrams.keys(model, fold(term), ALIAS))


def is_indexed(person, term):
    """Return whether the term finds them by the index, not for having been written meanwhile."""
    trigrams.catch_up(ALIAS)
    return person.pk in keys(term)


@pytest.fixture
def page(rf):
    """Return what the list of people finds for a term."""
    people, request = admin.site.get_model_admin(User), rf.get("/")
    request.user = make_superuser()

    def page(term):
        return people.get_search_results(request, User.objects.order_by("pk"), term)[0]

    return page


class TestEveryWayOfWriting:
    @pytest.fixture
    def ada(self):
        return make_user("ada", first_name="Ada", last_name="Lark")

    def test_a_new_row(self, ada):
        assert is_indexed(ada, "lark")

    def test_a_saved_row(self, ada):
        ada.last_name = "Öz"
        ada.save()

        assert is_indexed(ada, "OZ")
        assert not is_indexed(ada, "lark")

    def test_an_update(self, ada):
        User.objects.filter(pk=ada.pk).update(last_name="Finch")

        assert is_indexed(ada, "finch")

    def test_many_created_at_once(self):
        User.objects.bulk_create(
            [User(username=f"x{it}", email=f"x{it}@example.com", password="!") for it in range(3)]
        )

        assert len([it for it in User.objects.all() if is_indexed(it, "x2@exam")]) == 1

    def test_many_updated_at_once(self, ada):
        ada.last_name = "Finch"
        User.objects.bulk_update([ada], ["last_name"])

        assert is_indexed(ada, "finch")

    def test_many_created_where_they_are_there_already(self, ada):
        User.objects.bulk_create(
            [User(username="ada", email="a@example.com", password="!", last_name="Finch")],
            update_conflicts=True,
            unique_fields=["username"],
            update_fields=["last_name"],
        )

        assert is_indexed(ada, "finch")

    def test_bare_sql(self, ada):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE staff_user SET last_name = 'Finch'")

        assert is_indexed(ada, "finch")

    def test_loaddata(self, ada, tmp_path):
        fixture = tmp_path / "people.json"
        call_command("dumpdata", "staff.user", output=str(fixture), verbosity=0)
        fixture.write_text(fixture.read_text().replace("Lark", "Finch"))

        call_command("loaddata", str(fixture), verbosity=0)

        assert is_indexed(ada, "finch")

    def test_a_deletion(self, ada):
        gone = make_user("gone", last_name="Lark")
        trigrams.catch_up(ALIAS)
        gone.delete()

        trigrams.catch_up(ALIAS)

        assert keys("lark") == {ada.pk}

    def test_what_is_rolled_back_is_not_written(self, ada):
        trigrams.catch_up(ALIAS)
        with transaction.atomic():
            User.objects.update(last_name="Finch")
            transaction.set_rollback(True)

        assert keys("finch") == set()
        assert keys("lark") == {ada.pk}

    def test_is_found_before_the_index_knows(self, ada, page):
        trigrams.catch_up(ALIAS)
        User.objects.filter(pk=ada.pk).update(last_name="Finch")

        assert list(page("finch")) == [ada]
        assert list(page("lark")) == []


class TestAnswers:
    @pytest.fixture
    def people(self):
        sales = make_department("Sales")
        make_user("a", first_name="Özgür", last_name="Beetham", department=sales)
        make_user("b", first_name="Ann", last_name='O"Hara %_\\', email="ozgur77@example.com")
        clerk = make_user("c", first_name="田中", last_name="Bee").profile
        clerk.job_title, clerk.staff_number = "Clerk", "77"
        clerk.save()
        make_user("d", first_name="zg", last_name="👩")

    @pytest.mark.parametrize("is_caught_up", [True, False])
    @pytest.mark.parametrize("term", [*TERMS, *ODD])
    def test_are_those_without_an_index(self, people, page, monkeypatch, term, is_caught_up):
        if is_caught_up:
            trigrams.catch_up(ALIAS)
        found = list(page(term))

        monkeypatch.setattr(search, "narrowed", lambda rows, *args: rows)

        assert found == list(page(term))

    def test_of_a_rare_term_come_from_the_index(self, people, page):
        trigrams.catch_up(ALIAS)

        assert are_known_few(page("beet"))
        assert are_known_few(page("zg"))

    def test_are_the_same_for_a_term_that_many_have(self, people, page, monkeypatch):
        trigrams.catch_up(ALIAS)
        found = list(page("e"))
        monkeypatch.setattr(trigrams, "FEW", 1)
        monkeypatch.setattr(search, "FEW", 1)

        assert are_known_few(page("e")) is False
        assert list(page("e")) == found

    def test_are_not_told_to_be_many_where_many_were_written(self, people, page, monkeypatch):
        if connection.vendor != "sqlite":
            pytest.skip("PostgreSQL's index is never behind")
        monkeypatch.setattr(trigrams, "FEW", 1)
        monkeypatch.setattr(trigrams, "UNSETTLED", 1)
        User.objects.update(language="de")

        assert are_known_few(page("nobody")) is None

    def test_need_no_index(self, people, page):
        index().drop()

        assert are_known_few(page("beet")) is None
        assert [it.username for it in page("beet")] == ["a"]

    @pytest.mark.parametrize(
        "model_admin",
        [it for it in admin.site._registry.values() if trigrams.is_indexed(it.model)],
        ids=lambda it: it.opts.label,
    )
    def test_of_each_list_come_from_the_index(self, model_admin):
        assert search.texts_of(model_admin.model, model_admin.search_fields, ALIAS)


class TestKeepIndexes:
    def test_makes_them_for_the_rows_that_there_are(self):
        ada = make_user("ada", last_name="Lark")
        index().drop()
        assert not trigrams.are_kept([User], ALIAS)

        call_command("migrate", verbosity=0)

        assert trigrams.are_kept([User], ALIAS)
        assert is_indexed(ada, "lark")

    def test_makes_them_anew_where_the_rules_changed(self, monkeypatch):
        ada = make_user("ada", last_name="Lark")
        before = index().made()
        monkeypatch.setattr(User, "searched", ("last_name",))

        trigrams.keep_indexes(ALIAS)

        assert index().made().isdisjoint(before)
        assert is_indexed(ada, "lark")
        assert not is_indexed(ada, "ada")

    @on_sqlite
    def test_takes_away_a_trigger_of_an_earlier_release(self):
        old = f"{index().name}_update_0"
        trigrams.execute(
            ALIAS, f"CREATE TRIGGER {old} AFTER UPDATE ON staff_user BEGIN SELECT 1; END"
        )
        trigrams.execute(ALIAS, f"DROP TRIGGER {min(index().names)}")

        trigrams.keep_indexes(ALIAS)

        assert index().made() == index().names

    def test_changes_nothing_the_second_time(self):
        before = trigrams.index_names(ALIAS)

        trigrams.keep_indexes(ALIAS)

        assert trigrams.index_names(ALIAS) == before

    def test_waits_for_the_columns(self, monkeypatch):
        monkeypatch.setattr(User, "searched", ("last_name", "to_come"))
        monkeypatch.setattr(User._meta, "get_field", lambda name: Profile._meta.get_field("phone"))

        trigrams.keep_indexes(ALIAS)

        assert not index().made()

    def test_says_what_could_not_be_made_and_goes_on(self, monkeypatch, caplog, page):
        def refuse(self):
            raise DatabaseError("permission denied to create extension")

        ada = make_user("ada", last_name="Lark")
        index().drop()
        monkeypatch.setattr(type(index()), "make", refuse)

        with caplog.at_level(logging.WARNING):
            trigrams.keep_indexes(ALIAS)

        assert "Searches of staff_user read all rows: permission denied" in caplog.text
        assert list(page("lark")) == [ada]

    @pytest.mark.django_db(transaction=True)
    def test_outlive_emptying_the_database(self):
        make_user("ada", last_name="Lark")

        call_command("flush", verbosity=0, interactive=False)

        ada = make_user("eva", last_name="Lark")
        trigrams.catch_up(ALIAS)
        assert keys("lark") == {ada.pk}


@on_postgresql
class TestPairs:
    @pytest.mark.parametrize("term, part", [("z", "pairs"), ("zg", "pairs"), ("zgu", "runs")])
    def test_tell_who_has_a_short_term(self, term, part):
        with CaptureQueriesContext(connection) as asked:
            keys(term)

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # as with many rows
            cursor.execute(f"EXPLAIN {asked[0]['sql']}".replace("%", "%%"), ())
            assert f"Index Scan on staff_user_search_{part}_" in str(cursor.fetchall())


@on_sqlite
class TestNotes:
    def test_are_taken_in_piece_by_piece(self, monkeypatch):
        people = [make_user(f"lark{number}") for number in range(5)]
        monkeypatch.setattr(trigrams, "AT_A_TIME", 2)

        receivers.index_written_texts(None)

        assert not trigrams.execute(ALIAS, f"SELECT name FROM {trigrams.NOTES}")
        assert keys("lark") == {it.pk for it in people}

    def test_cost_one_question_where_nothing_was_written(self, django_assert_num_queries):
        trigrams.catch_up(ALIAS)

        with django_assert_num_queries(1):
            receivers.index_written_texts(None)

    def test_are_made_without_any_function_of_the_site(self):
        """Other programs can write to the database as before."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
            assert not [sql for (sql,) in cursor.fetchall() if "intranet_fold" in sql]

    def test_are_not_made_of_what_nobody_searches(self):
        ada = make_user("ada", last_name="Lark")
        trigrams.catch_up(ALIAS)

        User.objects.filter(pk=ada.pk).update(last_login=timezone.now())

        assert not trigrams.execute(ALIAS, f"SELECT name FROM {trigrams.NOTES}")


@pytest.mark.django_db
def test_a_text_of_any_length_can_be_kept_and_found():
    signs = "".join(chr(0x4E00 + it * 7919 % 20000) for it in range(300_000))
    notice = Notice.objects.create(recipient=make_superuser(), message="x", detail=signs)

    assert [*Notice.objects.filter(detail__folded=signs[200_000:200_002])] == [notice]
    assert trigrams.Trgm(Notice, ALIAS).keys("qz") is None or connection.vendor == "sqlite"
