"""The pages of people: where they are, an action of the list, and what it says."""

import re

from django.urls import reverse

from intranet.tests.pages import confirmed

PEOPLE = reverse("admin:staff_user_changelist")
ADD = reverse("admin:staff_user_add")
NEWCOMER = {"first_name": "I", "last_name": "Q", "email": "ivy@example.com"}


def act(client, action, *people, **values):
    """Choose an action for people; once `post` is given, confirm it as well."""
    data = {"action": action, "_selected_action": [person.pk for person in people], **values}
    send = confirmed if "post" in values else type(client).post
    return send(client, PEOPLE, data, follow=True)


def told(response):
    """Return the messages, without the links."""
    return [re.sub(r"\.? <a .*", ".", str(it)) for it in response.context["messages"]]
