"""Uploads to and confirms on the pages of import and export, and reads what they say."""

import html
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

IMPORT, CONFIRM = reverse("admin:staff_user_import"), reverse("admin:staff_user_process_import")
EXPORT, EXAMPLE = reverse("admin:staff_user_export"), reverse("admin:staff_user_import_example")


def upload(client, data, name="people.csv", **fields):
    return client.post(
        IMPORT, {"resource": "0", "import_file": SimpleUploadedFile(name, data), **fields}
    )


def confirm(client, preview):
    form = preview.context["confirm_form"]
    data = {name: form[name].value() or "" for name in form.fields}
    (data["_said"],) = re.findall(r'name="_said" value="(.+?)"', preview.content.decode())
    return client.post(CONFIRM, data, follow=True)


def text(response):
    """Return the page's words, without tags and line breaks."""
    words = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(words))
