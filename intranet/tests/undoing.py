"""What a test does as one action, and how that is undone, in a shell or on its page."""

from intranet.trace.action import batched, begin
from intranet.trace.models import Action
from intranet.trace.undo import undo
from staff.tests.factories import make_superuser, make_user

from .pages import page


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


def offered(client, action):
    return [it["title"] for it in client.get(page(action)).context["actions_detail"]]


def ask(client, action, what="undo"):
    return client.get(page(action, what))


def confirm(client, asked):
    """Confirm what a page shows, and return the answer."""
    sent = {"post": "yes", "_said": asked.context["plan"].token()}
    return client.post(asked.wsgi_request.path, sent, follow=True)


def as_role(client, *roles):
    user = make_superuser() if roles == ("superuser",) else make_user(roles=roles)
    client.force_login(user)
    return user
