"""Passwords are hashes, and e-mail addresses are written in one way.

A row that holds a password's text has none from now on. Where two people have one mailbox in two
spellings, both rows stay as they are and a warning names them, as does `check --database default`.
"""

import logging
from collections import Counter

import django.core.validators
from django.core.exceptions import ValidationError
from django.db import migrations, models

from intranet.addresses import AddressField, is_unseen, normalise
from staff.fields import PasswordField, without_text

logger = logging.getLogger("staff.migrations")
ROWS_AT_ONCE = 1000


def forget_texts(apps, schema_editor):
    people = apps.get_model("staff", "User").objects.using(schema_editor.connection.alias)
    stored = {pk: (old, without_text(old)) for pk, old in people.values_list("pk", "password")}
    write(people, "password", {pk: new for pk, (old, new) in stored.items() if new != old})


def write(people, field, values):
    rows = [people.model(pk=pk, **{field: value}) for pk, value in values.items()]
    people.bulk_update(rows, [field], batch_size=ROWS_AT_ONCE)


def cured(address):
    """Return how `address` is to be written, without what nobody sees."""
    seen = "".join(c for c in address if not is_unseen(c))
    try:
        return normalise(seen)
    except ValidationError:
        return address


def rewrite_addresses(apps, schema_editor):
    people = apps.get_model("staff", "User").objects.using(schema_editor.connection.alias)
    written = {pk: (old, cured(old)) for pk, old in people.values_list("pk", "email")}
    mailboxes = Counter(new.lower() for _, new in written.values())
    for old, new in written.values():
        if mailboxes[new.lower()] > 1:
            logger.warning("Two people have the mailbox %s, one as %s.", new, ascii(old))
    changed = {pk: new for pk, (old, new) in written.items() if new != old}
    write(people, "email", {pk: new for pk, new in changed.items() if mailboxes[new.lower()] == 1})


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("staff", "0004_names_and_photos"),
    ]

    operations = [
        migrations.RunPython(forget_texts, migrations.RunPython.noop),
        migrations.RunPython(rewrite_addresses, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="password",
            field=PasswordField(max_length=128, verbose_name="password"),
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=AddressField(
                max_length=254,
                validators=[
                    django.core.validators.RegexValidator(
                        "[\\r\\n]", "Line breaks are not allowed here.", inverse_match=True
                    )
                ],
                verbose_name="e-mail address",
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("password__startswith", "!"), ("password__contains", "$"), _connector="OR"
                ),
                name="user_password_is_no_text",
            ),
        ),
    ]
