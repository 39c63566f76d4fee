"""The department pages."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.urls import reverse
from django.utils.timezone import localdate

from intranet.tests.pages import confirmed
from staff import leaving
from staff.models import Department
from staff.tests.factories import make_department, make_superuser, make_user

pytestmark = pytest.mark.django_db
ADD = reverse("admin:staff_department_add")
LIST = reverse("admin:staff_department_changelist")


class TestNames:
    def test_differ_by_more_than_case(self, client, hr):
        make_department("Finance")

        response = confirmed(client, ADD, {"name": "finance"})

        errors = response.context["adminform"].form.errors
        assert errors["name"] == ["A department of this name exists already."]

    def test_differ_by_more_than_case_in_the_database(self):
        make_department("Finance")

        with pytest.raises(IntegrityError, match="department_name_unique"):
            Department.objects.create(name="FINANCE")

    def test_can_change_their_case(self, client, hr):
        finance = make_department("finance")

        confirmed(
            client, reverse("admin:staff_department_change", args=[finance.pk]), {"name": "Finance"}
        )

        assert Department.objects.get().name == "Finance"


class TestGroups:
    def offered(self, client, url):
        form = client.get(url).context["adminform"].form
        return {group.name for group in form.fields["groups"].queryset}

    def test_only_those_one_may_give_are_offered(self, client, hr):
        Group.objects.create(name="Readers")

        assert self.offered(client, ADD) == {"User", "HR", "Readers"}

    def test_those_it_has_already_stay_on_the_page(self, client, hr):
        press = make_department(groups=["Editors"])
        url = reverse("admin:staff_department_change", args=[press.pk])

        assert "Editors" in self.offered(client, url)


class TestHeads:
    """Whose head left is flagged until somebody else heads the department."""

    @pytest.fixture
    def lab(self, client):
        client.force_login(make_superuser())
        ann = make_user("ann", first_name="Ann")
        lab = make_department("Lab", head=ann)
        leaving.plan(ann, localdate())
        return lab

    def test_who_left_are_flagged_on_the_list(self, client, lab):
        assert ">left<" in client.get(LIST).content.decode()

    def test_who_left_are_flagged_on_the_page(self, client, lab):
        page = f"{LIST}{lab.pk}/change/"

        assert "Ann left: choose somebody else." in client.get(page).content.decode()

    def test_are_flagged_no_more_once_somebody_else_is_chosen(self, client, lab):
        lab.head = make_user("bob")
        lab.save()

        assert ">left<" not in client.get(LIST).content.decode()
