import pytest
from django.contrib.admin import AdminSite
from django.urls import reverse, set_script_prefix

from intranet.outbox.models import Notice
from intranet.sidebar import may_open, navigation, title_at
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


def entries(rf, user):
    """Return the sidebar's items for `user`, by title."""
    request = rf.get("/admin/")
    request.user = user
    return {item["title"]: item for group in navigation(request) for item in group["items"]}


class TestNavigation:
    def test_whoever_signs_in_sees_the_directory_and_no_machinery(self, rf):
        items = entries(rf, make_user())

        assert {"Dashboard", "Directory"} <= items.keys()
        assert not items.keys() & {"People", "Papers", "Outbox", "What happens by itself"}

    def test_hr_sees_people_and_what_happens_by_itself(self, rf):
        items = entries(rf, make_user(roles=["HR"]))

        assert {"People", "Departments", "Notices", "What happens by itself"} <= items.keys()
        assert "Groups and rights" not in items

    def test_somebody_without_any_right_sees_the_dashboard_only(self, rf):
        user = make_user()
        user.groups.clear()

        assert entries(rf, user).keys() == {"Dashboard"}

    def test_every_link_opens_for_a_superuser(self, client, rf):
        root = make_superuser()
        client.force_login(root)

        answers = [client.get(item["link"]).status_code for item in entries(rf, root).values()]

        assert set(answers) == {200}

    def test_notices_wear_the_number_of_unread_ones(self, rf):
        root = make_superuser()
        Notice.objects.create(recipient=root, message="Somebody was deleted")

        assert entries(rf, root)["Notices"]["badge"] == "1"

    def test_badges_have_separators(self, rf):
        root = make_superuser()
        Notice.objects.bulk_create(Notice(recipient=root, message="x") for _ in range(1234))

        assert entries(rf, root)["Notices"]["badge"] == "1,234"

    def test_badges_are_counted_by_one_query(self, rf, django_assert_num_queries):
        root = make_superuser()
        Notice.objects.create(recipient=root, message="Somebody was deleted")

        with django_assert_num_queries(1):
            entries(rf, root)

    @pytest.mark.parametrize("number", [0, 1])
    def test_a_badge_is_drawn_while_something_is_unread(self, client, number):
        client.force_login(root := make_superuser())
        for _ in range(number):
            Notice.objects.create(recipient=root, message="x")

        page = client.get(reverse("admin:index")).content.decode()

        assert ("min-w-[18px]" in page) == bool(number)


class TestNames:
    """A list has one name: in the sidebar, as its title, in breadcrumbs and on the app's page."""

    @pytest.fixture
    def root(self, client):
        client.force_login(root := make_superuser())
        return root

    def test_of_lists(self, client, rf, root):
        lists = entries(rf, root)
        for page in ("Dashboard", "What happens by itself", "Doctor"):
            del lists[page]

        for name, item in lists.items():
            page = client.get(item["link"])

            assert page.context["title"] == name
            assert f'tracking-tight">{name}<' in page.content.decode()

    def test_in_the_breadcrumb_of_one_of_their_rows(self, client, root):
        page = client.get(reverse("admin:staff_profile_change", args=[root.profile.pk]))

        assert 'tracking-tight">Directory<' in page.content.decode()

    @pytest.mark.parametrize(("app", "name"), [("staff", "Directory"), ("intranet", "Outbox")])
    def test_where_the_lists_of_an_app_are(self, client, root, app, name):
        page = client.get(reverse("admin:app_list", args=[app]))

        assert f">{name}</a></li>" in page.content.decode()


def test_pages_keep_their_titles_where_the_site_is_below_a_path():
    there = reverse("admin:auth_group_changelist")
    set_script_prefix("/intranet/")
    try:
        assert str(title_at(f"/intranet{there}")) == "Groups and rights"
    finally:
        set_script_prefix("/")


def test_no_page_but_an_app_s_own_finds_out_what_an_app_has(client, monkeypatch):
    asked = []
    monkeypatch.setattr(AdminSite, "get_app_list", lambda *args: asked.append(args) or [])
    client.force_login(make_superuser())

    assert client.get(reverse("admin:staff_user_changelist")).status_code == 200
    assert not asked
    client.get(reverse("admin:app_list", args=["staff"]))
    assert asked


@pytest.mark.parametrize("prefix", ["/", "/intranet/"])
def test_what_may_be_opened_wherever_the_site_is(prefix):
    root, somebody = make_superuser(), make_user()
    set_script_prefix(prefix)
    try:
        address = reverse("admin:staff_user_changelist")

        assert may_open(root, f"{address}?q=x")
        assert not may_open(somebody, address)
        assert not may_open(root, f"{prefix}nothing/")
    finally:
        set_script_prefix("/")
