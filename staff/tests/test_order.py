"""The order in which receivers run does not matter."""

import pytest
from django.db.models import signals as models
from django.utils import timezone

from intranet.outbox.models import Mail, Notice
from staff import leaving
from staff.models import Profile, User
from staff.signals import staff_joined, staff_left
from staff.superusers import LastSuperuserError
from staff.tests.factories import make_department, make_superuser, make_user
from staff.tests.rows import group_names

pytestmark = pytest.mark.django_db

SIGNALS = [models.pre_save, models.post_save, models.pre_delete, models.post_delete]
SIGNALS += [models.m2m_changed, staff_joined, staff_left]


def turn_round():
    for signal in SIGNALS:
        signal.receivers.reverse()
        signal.sender_receivers_cache.clear()


@pytest.fixture(params=["as connected", "the other way round"], autouse=True)
def order(request):
    """Run a test with the receivers of every signal in either order."""
    if request.param == "as connected":
        yield
        return
    turn_round()
    yield
    turn_round()


class TestEitherOrder:
    def test_who_joins_is_complete_when_that_is_announced(self):
        heard = []

        def listen(user, **kwargs):
            heard.append((user.profile.pk, *group_names(user)))

        staff_joined.connect(listen)
        staff_joined.receivers.reverse()
        ada = make_user("ada", first_name="Ada")
        staff_joined.disconnect(listen)

        assert heard == [(ada.profile.pk, "User")]
        assert Mail.objects.get().to == "ada@example.com"

    def test_a_profile_is_saved_with_its_person_and_brings_groups(self):
        ada = make_user()
        ada.profile.department = make_department(groups=["Lab"])

        ada.save()

        assert group_names(ada) == {"User", "Lab"}

    def test_leaving_and_coming_back(self):
        ada = make_user("ada", department=make_department(groups=["Lab"]))
        leaving.plan(ada, timezone.localdate())
        assert group_names(ada) == {"User"}

        leaving.bring_back(ada)

        assert group_names(ada) == {"User", "Lab"}
        assert Mail.objects.filter(to=ada.email).count() == 2

    def test_deleting_profiles_and_people_tells_the_admins_once(self):
        make_superuser()
        [make_user(f"ada{number}") for number in range(3)]
        Mail.objects.all().delete()

        Profile.objects.filter(user__username__startswith="ada").delete()

        assert Notice.objects.get().message == "The system deleted 3 people"
        assert Mail.objects.filter(to__startswith="ada").count() == 3
        assert User.objects.count() == 1

    def test_the_last_superuser_stays(self):
        root = make_superuser()

        with pytest.raises(LastSuperuserError):
            root.delete()
        root.is_active = False
        with pytest.raises(LastSuperuserError):
            root.save()

        assert User.objects.superusers().get() == root
        assert not Notice.objects.exists()
