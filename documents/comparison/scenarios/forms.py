"""The admin: what people click."""

import re

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from ..lab import again, paper, scenario, upload
from ..models import Paper


def post(page, *args, **data):
    """Post to a page of the papers' admin as a superuser and return the response's status."""
    user = get_user_model().objects.create_superuser("root", "root@example.com", "secret")
    client = Client()
    client.force_login(user)
    url = reverse(f"admin:comparison_paper_{page}", args=args)
    answer = client.post(url, data)
    plan = re.search('name="_said" value="([^"]+)"', answer.content.decode())
    if plan:  # which is confirmed, with the files chosen again
        for file in filter(lambda it: hasattr(it, "seek"), data.values()):
            file.seek(0)
        answer = client.post(url, {**data, "_said": plan[1]})
    return answer.status_code


def expect(condition):
    if not condition:
        raise RuntimeError("The page did not do what was clicked.")


@scenario("the admin: add")
def admin_add():
    expect(post("add", file=upload("a")) == 302)
    expect(Paper.objects.get().file)


@scenario("the admin: the Clear box")
def admin_clear():
    row = paper()
    expect(post("change", row.pk, **{"file-clear": "on"}) == 302)
    expect(not again(row).file)


@scenario("the admin: upload another file")
def admin_replace():
    row = paper()
    expect(post("change", row.pk, file=upload("b")) == 302)
    expect(again(row).file != row.file)


@scenario("the admin: Clear box and upload together, which is refused")
def admin_contradiction():
    row = paper()
    expect(post("change", row.pk, file=upload("b"), **{"file-clear": "on"}) == 200)
    expect(again(row).file == row.file)


@scenario("the admin: save without a change")
def admin_save():
    expect(post("change", paper().pk, title="new") == 302)
    expect(Paper.objects.get().title == "new")


@scenario("the admin: delete page")
def admin_delete():
    expect(post("delete", paper().pk, post="yes") == 302)
    expect(not Paper.objects.exists())


@scenario("the admin: delete action")
def admin_delete_action():
    data = {"action": "delete_selected", "post": "yes"}
    rows = [paper(tag).pk for tag in "abc"]
    expect(post("changelist", _selected_action=rows[:2], **data) == 302)
    expect(Paper.objects.count() == 1)
