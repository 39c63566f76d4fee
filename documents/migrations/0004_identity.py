from uuid import uuid4

from django.db import migrations, models


def give_identity(apps, schema_editor):
    identities = apps.get_model("documents", "Identity").objects
    identities.using(schema_editor.connection.alias).create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("documents", "0003_removals_and_sweeps")]

    operations = [
        migrations.CreateModel(
            name="Identity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("value", models.UUIDField(default=uuid4, editable=False)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(give_identity, migrations.RunPython.noop),
    ]
