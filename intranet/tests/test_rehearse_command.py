"""The rehearsal in a shell."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from intranet.outbox.models import Mail
from staff.models import User
from staff.tests.factories import make_superuser, make_user

pytestmark = pytest.mark.django_db


def rehearsed(*args):
    out = StringIO()
    call_command("rehearse", *args, stdout=out)
    return out.getvalue()


class TestDelete:
    def test_says_what_would_happen_and_does_nothing(self):
        ada = make_user("ada")
        Mail.objects.all().delete()

        printed = rehearsed("delete", "staff.user", str(ada.pk))

        assert printed.startswith("Person “ada” deleted; 1 mail on its way")
        assert "Deleted\n  1 directory entry\n  1 person: ada\n" in printed
        assert User.objects.filter(pk=ada.pk).exists()
        assert not Mail.objects.exists()

    def test_takes_many_keys(self):
        keys = [str(make_user().pk) for _ in range(3)]

        assert rehearsed("delete", "staff.user", *keys).startswith("3 people deleted")

    def test_fails_with_what_is_refused(self):
        root = make_superuser()

        with pytest.raises(CommandError, match="last active superuser") as failure:
            rehearsed("delete", "staff.user", str(root.pk))

        assert failure.value.returncode == 1

    @pytest.mark.parametrize(
        ("label", "key", "says"),
        [
            ("nonsense", "1", "There is no model “nonsense”"),
            ("staff.nobody", "1", "There is no model “staff.nobody”"),
            ("staff.user", "99", "There is no staff.user with the key 99."),
            ("staff.user", "x", "These are no keys of staff.user: x."),
            ("intranet.action", "x", "These are no keys of intranet.action: x."),
        ],
    )
    def test_says_what_is_wrong_with_a_label_or_key(self, label, key, says):
        with pytest.raises(CommandError, match=says):
            rehearsed("delete", label, key)
