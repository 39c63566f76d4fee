"""The pages of people: adding, changing, the list, and who may do what."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse
from PIL import Image

from intranet.outbox.models import Mail, Notice
from intranet.tests.outbox import text_of
from intranet.tests.pages import confirmed, page, posted
from staff.models import Profile, User
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.people_pages import ADD, NEWCOMER, PEOPLE, told
from staff.tests.rows import group_names
from staff.tests.test_photos import photo

pytestmark = pytest.mark.django_db


class TestAdding:
    def add(self, client, **changes):
        data = posted(client.get(ADD), **changes)
        return confirmed(client, ADD, data, follow=True)

    def test_everything_in_one_go(self, client, hr):
        research = make_department("Research", groups=["Readers"])
        Mail.objects.all().delete()

        response = self.add(
            client,
            first_name="Ivy",
            last_name="Quartz",
            email="ivy.quartz@example.com",
            is_staff="on",
            **{
                "profile-0-job_title": "Tester",
                "profile-0-department": research.pk,
                "profile-0-started_on": "2026-01-05",
                "profile-0-photo": photo(),
            },
        )

        ivy = User.objects.get(email="ivy.quartz@example.com")
        assert response.status_code == 200
        assert ivy.username == "ivy.quartz"
        assert not ivy.has_usable_password()
        assert group_names(ivy) == {"User", "Readers"}
        assert Profile.objects.get(user=ivy).job_title == "Tester"
        assert Image.open(ivy.profile.photo).size == (512, 512)
        assert "/admin/password_reset/" in text_of(Mail.objects.get(to=ivy.email))

    @pytest.mark.parametrize(
        ("ticked", "lines"),
        [({}, []), ({"is_staff": "on"}, ["Rights: Gained: sign-in: I Q"])],
    )
    def test_the_right_to_sign_in_is_said_as_if_it_were_given_later(
        self, client, root, ticked, lines
    ):
        data = posted(client.get(ADD), **NEWCOMER, **ticked)

        asked = client.post(ADD, data | {"_ask": "yes"}).context["plan"]
        confirmed(client, ADD, data)

        assert [it for it in asked.lines if it.startswith("Rights")] == lines
        assert asked.reasons == len(lines) * ["it changes rights"]
        assert Notice.objects.filter(message="Rita Root gave rights to I Q").count() == len(lines)

    def test_the_default_group_cannot_be_left_out(self, client, hr):
        self.add(client, first_name="I", last_name="Q", email="ivy@example.com", groups=None)

        assert group_names(User.objects.get(email="ivy@example.com")) == {"User"}

    def test_a_taken_user_name_gets_a_number(self, client, hr):
        make_user("ivy", email="other@example.com")

        self.add(client, first_name="I", last_name="Q", email="ivy@example.com")

        assert User.objects.get(email="ivy@example.com").username == "ivy2"

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("email", "HAZEL@example.com", "Somebody with this e-mail address exists already."),
            ("email", "no address", "Enter a valid email address."),
            ("email", "", "This field is required."),
            ("first_name", "a\nb", "Line breaks are not allowed here."),
            (
                "first_name",
                "Ada\u202e",
                "A character nobody sees in this turns the direction of writing. Type it anew.",
            ),
            ("username", "hazel", "A user with that username already exists."),
        ],
    )
    def test_bad_input_is_a_message_on_the_field(self, client, hr, field, value, message):
        data = NEWCOMER | {field: value}

        response = self.add(client, **data)

        assert message in response.context["adminform"].form.errors[field]
        assert User.objects.count() == 1

    @pytest.mark.parametrize("field", ["first_name", "last_name"])
    def test_one_name_is_enough(self, client, hr, field):
        self.add(client, email="suharto@example.com", **{field: "Suharto"})

        assert User.objects.get(email="suharto@example.com").name == "Suharto"

    def test_no_name_is_not_enough(self, client, hr):
        response = self.add(client, email="suharto@example.com")

        errors = response.context["adminform"].form.errors
        assert errors["last_name"] == ["Somebody new needs a name: one is enough."]

    @pytest.mark.parametrize("day", ["0024-01-05", "2204-01-05"])
    def test_a_first_day_in_another_age_is_refused(self, client, hr, day):
        response = self.add(
            client, last_name="Q", email="ivy@example.com", **{"profile-0-started_on": day}
        )

        assert f"The year {day[:4]} cannot be meant" in response.content.decode()
        assert not User.objects.filter(email="ivy@example.com").exists()

    def test_hr_cannot_give_more_than_they_have(self, client, hr):
        powerful = Group.objects.get(name="Editors")

        response = self.add(
            client, first_name="I", last_name="Q", email="ivy@example.com", groups=[powerful.pk]
        )

        assert "groups" in response.context["adminform"].form.errors
        assert User.objects.count() == 1

    def test_a_department_is_no_back_door(self, client, hr):
        editors = make_department("Press", groups=["Editors"])

        response = self.add(
            client,
            first_name="I",
            last_name="Q",
            email="ivy@example.com",
            **{"profile-0-department": editors.pk},
        )

        assert "groups that come with this department" in response.content.decode()
        assert not User.objects.filter(email="ivy@example.com").exists()


class TestChanging:
    def test_the_department_brings_its_groups(self, client, hr):
        ada = make_user("ada")
        lab = make_department("Lab", groups=["Readers"])
        lab.groups.get().permissions.add(Permission.objects.get(codename="view_profile"))
        data = posted(client.get(page(ada)), **{"profile-0-department": lab.pk})

        asked = client.post(page(ada), data)
        before = group_names(ada)
        confirmed(client, page(ada), data)

        assert "Rights: Gained: the group Readers: ada" in asked.context["plan"].lines
        assert (before, told(asked)) == ({"User"}, [])
        assert group_names(ada) == {"User", "Readers"}

    def test_a_person_without_profile_gets_one(self, client, hr):
        ada = make_user("ada")
        Profile.objects.filter(user=ada)._raw_delete("default")
        data = posted(client.get(page(ada)), **{"profile-0-job_title": "Tester"})

        confirmed(client, page(ada), data)

        assert Profile.objects.get(user=ada).job_title == "Tester"

    @pytest.mark.parametrize("field", ["is_active", "is_staff", "is_superuser"])
    def test_nobody_locks_themselves_out(self, client, root, field):
        make_superuser("second")
        data = posted(client.get(page(root)), **{field: None})

        response = confirmed(client, page(root), data)

        assert field in response.context["adminform"].form.errors
        assert User.objects.superusers().filter(pk=root.pk, is_staff=True).exists()

    def test_hr_cannot_make_themselves_superuser(self, client, hr):
        data = posted(client.get(page(hr)), is_superuser="on", user_permissions=[1, 2, 3])

        confirmed(client, page(hr), data)

        hr.refresh_from_db()
        assert not hr.is_superuser
        assert not hr.user_permissions.exists()

    def test_hr_cannot_give_themselves_a_group(self, client, hr):
        readers = Group.objects.create(name="Readers")
        data = posted(client.get(page(hr)), groups=[readers.pk])

        confirmed(client, page(hr), data)

        assert group_names(hr) == {"HR", "User"}

    def test_hr_cannot_edit_a_superuser(self, client, hr):
        root = make_superuser()

        response = confirmed(client, page(root), {"email": "stolen@example.com"})

        assert response.status_code == 403
        assert User.objects.get(pk=root.pk).email == "root@example.com"


class TestNobody:
    @pytest.mark.parametrize("key", ["0", "nobody"])
    @pytest.mark.parametrize(
        "name",
        ["leave_person", "bring_person_back", "invite_person_again", "sign_person_out_everywhere"],
    )
    def test_an_action_on_nobody_is_a_missing_page(self, client, root, name, key):
        url = reverse(f"admin:staff_user_{name}", args=[key])

        assert confirmed(client, url, {"post": "yes"}).status_code == 404

    @pytest.mark.parametrize("key", ["0", "nobody"])
    def test_their_page_leads_to_the_dashboard(self, client, root, key):
        answer = client.get(reverse("admin:staff_user_change", args=[key]))

        assert answer.url == reverse("admin:index")


class TestList:
    def test_more_people_take_no_more_queries(self, client, root, django_assert_max_num_queries):
        def queries():
            with django_assert_max_num_queries(100) as captured:
                assert client.get(PEOPLE).status_code == 200
            return len(captured)

        make_user(department=make_department(groups=["A"]))
        before = queries()
        [make_user(department=make_department(groups=["B"])) for _ in range(3)]

        assert queries() == before

    def test_no_sign_in_so_far_is_an_empty_date_like_others(self, client, root):
        make_user("ivy")

        html = client.get(PEOPLE, {"q": "ivy"}).text

        assert 'data-label="Last sign-in">-</td>' in html

    @pytest.mark.parametrize(("roles", "status"), [([], 403), (["Editors"], 403), (["HR"], 200)])
    @pytest.mark.parametrize("url", [PEOPLE, ADD])
    def test_only_hr_gets_in(self, client, roles, status, url):
        client.force_login(make_user(roles=roles))

        assert client.get(url).status_code == status

    def test_anonymous_visitors_are_sent_to_sign_in(self, client):
        assert client.get(PEOPLE).url.startswith(reverse("admin:login"))

    @pytest.mark.parametrize("field", ["from", "to"])
    def test_filtering_by_the_first_day(self, client, root, field):
        ivy = make_user("ivy")
        Profile.objects.filter(user=ivy).update(started_on="2026-03-04")

        response = client.get(PEOPLE, {f"profile__started_on_{field}": "04/03/2026"})

        assert list(response.context["cl"].result_list) == [ivy]

    @pytest.mark.parametrize("term", ["quartz", "ivy@", "tester", "N-17"])
    def test_searching(self, client, root, term):
        ivy = make_user("ivy", last_name="Quartz")
        Profile.objects.filter(user=ivy).update(job_title="Tester", staff_number="N-17")

        response = client.get(PEOPLE, {"q": term})

        assert list(response.context["cl"].result_list) == [ivy]
