"""Changes are found by their action, or by their row: two indexes cost more than they save.

One filter alone asks for a cause, and the other begins like the index of a row's history.

That of the content type by its name, for SQLite would write the whole table anew to alter a field.
"""

import django.db.models.deletion
from django.db import migrations, models

NAME = "intranet_change_content_type_id_b00fa3a6"


class Migration(migrations.Migration):
    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("intranet", "0031_work_that_mails"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="change", name="intranet_ch_cause_db5f52_idx"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX IF EXISTS {NAME}",
                    f"CREATE INDEX {NAME} ON intranet_change (content_type_id)",
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="change",
                    name="content_type",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="contenttypes.contenttype",
                    ),
                ),
            ],
        ),
    ]
