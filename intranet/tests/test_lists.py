"""Lists are as fast for many rows as for few: what is true of each list that there is."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import lookup_spawns_duplicates
from django.contrib.auth.models import Group
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from documents.models import Document
from documents.tests.factories import make_post
from intranet import attention
from intranet.admin import keys_first
from intranet.admin.filters import DayRangeFilter, OfManyFilter
from intranet.models import Mail
from staff.models import Profile, SignIn, User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db
PAGES, LABEL = admin.site._registry.values(), lambda it: it.opts.label
LISTED = [it for it in attention.items() if it.key != "worker"]  # which counts no rows
SORTS_ALL = "USE TEMP B-TREE FOR ORDER BY"


@pytest.fixture
def root():
    make_post(asks_acknowledgement=True)
    return make_superuser()


def opened(rf, model_admin, user, **query):
    request = rf.get("/", query)
    request.user, request._messages = user, CookieStorage(request)
    return model_admin.get_changelist_instance(request)


def sql_of(rows) -> str:
    with CaptureQueriesContext(connection) as asked:
        list(rows)
    return asked[-1]["sql"]


def plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[3] for row in cursor.fetchall()]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads what SQLite says of a query")
@pytest.mark.parametrize("page", PAGES, ids=LABEL)
def test_the_first_page_is_found_by_an_index(rf, root, page):
    shown = opened(rf, page, root)

    steps = plan(sql_of(shown.queryset.values_list("pk", flat=True)[:50]))

    assert SORTS_ALL not in steps


class TestPages:
    @pytest.fixture
    def people(self, root, monkeypatch):
        page = admin.site.get_model_admin(User)
        monkeypatch.setattr(page, "list_per_page", 3)
        for number in range(7):
            make_user(f"user{number}", last_name=f"Name {number}")
        return page

    @pytest.mark.parametrize("order", ["", "-0", "4", "-4.0"])
    def test_hold_each_row_once_in_the_order_of_the_list(self, rf, root, people, order):
        pages = [opened(rf, people, root, p=it, o=order).result_list for it in (1, 2, 3)]

        all_of_them = opened(rf, people, root, o=order).queryset
        assert [row for page in pages for row in page] == list(all_of_them)

    def test_find_the_last_page_from_the_end(self, rf, root, people):
        shown = opened(rf, people, root)

        with CaptureQueriesContext(connection) as asked:
            shown.paginator.page(3)

        assert "OFFSET" not in asked[0]["sql"]
        assert "DESC" in asked[0]["sql"]

    @pytest.mark.parametrize("sign", ["", "-"])
    def test_leave_equals_as_they_are_stored(self, rf, root, people, sign):
        User.objects.update(last_login=None)
        columns = [getattr(it, "__name__", it) for it in opened(rf, people, root).list_display]

        shown = opened(rf, people, root, o=f"{sign}{columns.index('last_seen')}")

        in_order = User.objects.order_by("pk").values_list("pk", flat=True)
        assert [it.pk for it in shown.queryset] == list(in_order)

    @pytest.mark.parametrize("sign", ["", "-"])
    @pytest.mark.parametrize("nobody_s", [0, 2, 4, 7])
    @pytest.mark.parametrize("many", [2, 50])
    def test_hold_rows_of_nobody_where_the_database_sorts_them(
        self, rf, root, people, monkeypatch, many, nobody_s, sign
    ):
        monkeypatch.setattr(keys_first, "MANY", many)
        page = admin.site.get_model_admin(SignIn)
        monkeypatch.setattr(page, "list_per_page", 3)
        monkeypatch.setattr(keys_first, "FEW", 6)
        users = User.objects.order_by("-username")
        for number in range(7):
            SignIn.objects.create(user=users[number // 2] if number >= nobody_s else None)
        order = f"{sign}{opened(rf, page, root).list_display.index('user')}"

        pages = [opened(rf, page, root, p=it, o=order).result_list for it in (1, 2, 3)]

        expected = SignIn.objects.order_by(f"{sign}user", f"{sign}pk")
        assert [row for page in pages for row in page] == list(expected)

    @pytest.mark.parametrize("many", [0, 50])
    def test_sorted_by_people_are_found_without_sorting_all(
        self, rf, root, people, monkeypatch, many
    ):
        page = admin.site.get_model_admin(SignIn)
        monkeypatch.setattr(keys_first, "FEW", 0)
        monkeypatch.setattr(keys_first, "MANY", many)
        SignIn.objects.create(user=root)
        order = opened(rf, page, root).list_display.index("user")

        with CaptureQueriesContext(connection) as asked:
            opened(rf, page, root, o=order)

        sorting = [it["sql"] for it in asked if 'ORDER BY "staff_user"' in it["sql"]]
        assert sorting and not [it for it in sorting if "OUTER JOIN" in it]

    def test_leave_out_of_count_and_order_what_only_rows_show(self, rf, root, people):
        with CaptureQueriesContext(connection) as asked:
            opened(rf, people, root)

        joining = [it["sql"] for it in asked if "intranet_mail" in it["sql"]]
        assert len(joining) == 1
        assert "COUNT" not in joining[0] and "LIMIT" not in joining[0]

    @pytest.mark.parametrize("model", [User, Profile])
    @pytest.mark.parametrize("query", [{}, {"presence": "left"}, {"presence": "everybody"}])
    def test_are_as_many_as_there_are_people_here(self, rf, root, people, model, query):
        gone = Profile.objects.filter(user__username__in=["user1", "user2"])
        gone.update(departed_at=timezone.now())

        shown = opened(rf, admin.site.get_model_admin(model), root, **query)

        assert shown.result_count == shown.queryset.count()

    def test_are_counted_without_looking_at_each_person(self, rf, root, people):
        with CaptureQueriesContext(connection) as asked:
            opened(rf, people, root, o="-0", p="2")

        counting = [it["sql"] for it in asked if "COUNT" in it["sql"]]
        assert counting and not [it for it in counting if "JOIN" in it]

    @pytest.mark.parametrize("few", [2, 100])
    def test_of_a_search_hold_what_it_finds_in_order(self, rf, root, people, monkeypatch, few):
        monkeypatch.setattr(keys_first, "FEW", few)

        pages = [opened(rf, people, root, p=it, q="name").result_list for it in (1, 2, 3)]

        found = [row.last_name for page in pages for row in page]
        assert found == [f"Name {number}" for number in range(7)]

    def test_of_a_search_that_finds_little_are_not_counted_first(self, rf, root, people):
        with CaptureQueriesContext(connection) as asked:
            opened(rf, people, root, q="name")

        assert not [it for it in asked if "__count" in it["sql"]]

    def test_of_an_autocomplete_are_counted_as_far_as_anybody_scrolls(
        self, rf, root, people, monkeypatch
    ):
        monkeypatch.setattr(keys_first, "FEW", 3)

        pages = people.get_paginator(rf.get("/", {"field_name": "manager"}), User.objects.all(), 2)

        assert pages.count == 3
        assert list(pages.page(1)) == list(User.objects.all()[:2])

    def test_of_a_list_that_fits_on_one_show_the_same_columns(self, rf, root):
        shown = opened(rf, admin.site.get_model_admin(User), root)

        assert [row.invitation for row in shown.result_list] == ["joined"]


class TestFilters:
    @pytest.mark.parametrize("page", PAGES, ids=LABEL)
    def test_compare_no_rows(self, rf, root, page):
        """Nor need they, for one that finds a row twice does so by a link to many."""
        fields = [it for it in page.list_filter if isinstance(it, tuple | str)]
        named = [it if isinstance(it, tuple) else (it, None) for it in fields]
        of_many = [(it, how) for it, how in named if lookup_spawns_duplicates(page.opts, it)]

        shown = opened(rf, page, root, **{f"{name}__id__exact": "1" for name, _ in of_many})

        assert {how for _, how in of_many} <= {OfManyFilter}
        assert not shown.queryset.query.distinct

    @pytest.mark.parametrize("page", PAGES, ids=LABEL)
    def test_offer_what_begins_with_a_capital(self, rf, root, page):
        """Of a field's choices and of their own; rows are called as they are."""
        shown, offered = opened(rf, page, root), []
        for it in shown.filter_specs:
            choices = getattr(getattr(it, "field", None), "flatchoices", None)
            known = dict(getattr(it, "lookup_choices", None) or choices or ())
            forms = [way["form"] for way in it.choices(shown) if "form" in way]
            fields = [field for form in forms for field in form.fields.values()]
            pairs = [pair for field in fields for pair in getattr(field, "choices", ())]
            offered += [str(label) for key, label in pairs if key in known]

        assert [it for it in offered if it[:1].islower()] == []

    @pytest.mark.parametrize("state", ["no sign-in", "joined"])
    def test_read_links_and_mails_only_for_what_these_tell(self, rf, root, state):
        shown = opened(rf, admin.site.get_model_admin(User), root, invitation=state)

        assert "JOIN" not in sql_of(shown.queryset.values_list("pk", flat=True))

    def test_find_whoever_is_in_a_group_once(self, rf, root):
        people, group = admin.site.get_model_admin(User), Group.objects.get(name="HR")
        hazel = make_user("hazel", roles=["HR", "Editors"])

        shown = opened(rf, people, root, groups__id__exact=str(group.pk))

        assert list(shown.result_list) == [hazel]

    @pytest.mark.parametrize("many", [False, True])
    def test_find_the_same_however_much_that_is(self, rf, root, monkeypatch, many):
        monkeypatch.setattr(keys_first, "FILTERED", 1 if many else 100)
        for number in (2, 1, 3):
            make_user(f"u{number}", last_name=f"Name {number}", is_active=number == 3)

        people = admin.site.get_model_admin(User)
        shown = opened(rf, people, root, is_active__exact="0")

        assert [row.last_name for row in shown.result_list] == ["Name 1", "Name 2"]
        assert shown.result_count == 2

    @pytest.mark.parametrize("item", LISTED, ids=lambda it: it.key)
    def test_find_what_needs_attention_among_what_is_shown(self, root, item):
        rows = item.model._default_manager.all()

        found = attention.filtered(rows, item.key, root)

        assert list(found.order_by("pk")) == list(item.rows(root).order_by("pk"))
        assert not list(attention.filtered(rows.none(), item.key, root))


class TestDays:
    """A day is asked for as the time between two moments, which an index can find."""

    COMPUTED = ("django_datetime", "AT TIME ZONE")  # of each row, on SQLite and PostgreSQL

    @pytest.mark.parametrize("page", PAGES, ids=LABEL)
    def test_are_not_computed_by_filters(self, rf, root, page):
        filters = [it for it in page.list_filter if isinstance(it, tuple)]
        ranges = [field for field, filter_class in filters if filter_class is DayRangeFilter]
        ends = {f"{it}_{end}": "2026-11-05" for it in ranges for end in ("from", "to")}

        shown = opened(rf, page, root, **ends)

        sql = sql_of(shown.queryset.values_list("pk", flat=True))
        assert not [it for it in self.COMPUTED if it in sql]
        assert sql.count("2026-11-0") == len(ends)

    @pytest.mark.parametrize("item", LISTED, ids=lambda it: it.key)
    def test_are_not_computed_by_what_needs_attention(self, root, item):
        sql = sql_of(item.rows(root))

        assert not [it for it in self.COMPUTED if it in sql]

    def test_include_both_ends_as_clocks_show_them_here(self, rf, root):
        times = ["04T22:59:59", "04T23:00:00", "06T22:59:59", "06T23:00:00"]
        for at in times:
            Mail.objects.create(message_id=at, created_at=f"2026-11-{at}+00:00")

        with timezone.override("Europe/Berlin"):
            days = {"created_at_from": "2026-11-05", "created_at_to": "2026-11-06"}
            shown = opened(rf, admin.site.get_model_admin(Mail), root, **days)

        assert [it.message_id for it in shown.result_list] == [times[2], times[1]]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads what SQLite says of a query")
@pytest.mark.parametrize("status", Mail.Status)
def test_mails_of_a_status_are_found_in_order_by_an_index(rf, root, status):
    shown = opened(rf, admin.site.get_model_admin(Mail), root, status__exact=status)

    assert SORTS_ALL not in plan(sql_of(shown.queryset.values_list("pk", flat=True)[:50]))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads what SQLite says of a query")
@pytest.mark.parametrize(
    ("papers", "index"),
    [
        (Document.objects.current().filter(owner=1), "owner_id=?"),
        (Document.objects.valid().order_by().filter(owner__in=[1, 2]), "owner_id=?"),
        (Document.objects.filter(replaced_by=1), "replaced_by_id=?"),
        (Document.objects.current().order_by().filter(expires_on__lt="2026-11-05"), "expires_on<?"),
    ],
    ids=["of somebody", "valid ones of some", "former versions", "that expired"],
)
def test_papers_are_found_by_what_few_have(papers, index):
    assert index in "".join(plan(sql_of(papers)))
