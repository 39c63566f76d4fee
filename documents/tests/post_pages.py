"""The pages of posts: what their forms send, actions of the list, and what is said."""

from datetime import timedelta

from django.contrib.messages import get_messages
from django.utils import timezone

from intranet.tests.pages import confirmed

LIST = "/admin/documents/post/"
ADD = "/admin/documents/post/add/"


def moment(prefix, hours):
    """Return the two fields of a date with a time, `hours` from now."""
    when = timezone.localtime(timezone.now() + timedelta(hours=hours))
    return {f"{prefix}_0": f"{when:%d/%m/%Y}", f"{prefix}_1": f"{when:%H:%M:%S}"}


def form(starts=-1, ends=None, **fields):
    data = {"title": "Summer party", "body": "<p>Come.</p>", **moment("publish_at", starts)}
    data |= {"expires_at_0": "", "expires_at_1": ""} if ends is None else moment("expires_at", ends)
    return data | fields


def said(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def run(client, name, posts, **fields):
    """Run a bulk action on `posts`, and confirm it where it asks."""
    data = {"action": name, "_selected_action": [post.pk for post in posts], **fields}
    return confirmed(client, LIST, data)


def plan(client, name, posts):
    """Return the lines of the page that a bulk action asks on."""
    data = {"action": name, "_selected_action": [post.pk for post in posts]}
    return client.post(LIST, data).context["plan"].lines
