import uuid

import django.utils.timezone
from django.db import migrations, models

MODELS = ["fileremoval", "sweep", "identity"]


def rename(before, after):
    """Return what gives the content types, and with them permissions and history, to `after`."""

    def take_over(apps, schema_editor):
        types = apps.get_model("contenttypes", "ContentType").objects
        types = types.using(schema_editor.connection.alias)
        there = types.filter(app_label=after, model__in=MODELS).values_list("model", flat=True)
        moving = types.filter(app_label=before, model__in=set(MODELS).difference(there))
        moving.update(app_label=after)

    return take_over


class Migration(migrations.Migration):
    """Takes the tables of files over from the app that had them; they keep their names."""

    dependencies = [
        ("contenttypes", "0002_remove_content_type_name"),
        ("documents", "0005_plausible_years"),
        ("intranet", "0006_outbox_index"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Identity",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("value", models.UUIDField(default=uuid.uuid4, editable=False)),
                    ],
                    options={
                        "db_table": "documents_identity",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="Sweep",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("night", models.DateField(unique=True)),
                        (
                            "started_at",
                            models.DateTimeField(
                                default=django.utils.timezone.now, verbose_name="started"
                            ),
                        ),
                        (
                            "finished_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                        ),
                        ("findings", models.PositiveIntegerField(default=0)),
                    ],
                    options={
                        "db_table": "documents_sweep",
                        "ordering": ["-night"],
                    },
                ),
                migrations.CreateModel(
                    name="FileRemoval",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "storage",
                            models.CharField(
                                help_text="Which storage holds the file.", max_length=255
                            ),
                        ),
                        ("name", models.CharField(max_length=1024, verbose_name="file")),
                        (
                            "source",
                            models.CharField(
                                help_text="app.Model.field", max_length=255, verbose_name="field"
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("deleted", "its row was deleted"),
                                    ("replaced", "it was replaced or cleared"),
                                    ("orphaned", "no row named it"),
                                ],
                                max_length=20,
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=django.utils.timezone.now, verbose_name="asked for"
                            ),
                        ),
                        (
                            "due_at",
                            models.DateTimeField(
                                default=django.utils.timezone.now, verbose_name="due"
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("error", models.TextField(blank=True)),
                        (
                            "removed_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="removed"),
                        ),
                        (
                            "kept_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="When it turned out that a row still names it.",
                                null=True,
                                verbose_name="kept",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "file removal",
                        "db_table": "documents_fileremoval",
                        "ordering": ["-created_at", "-pk"],
                        "indexes": [
                            models.Index(
                                fields=["removed_at", "due_at"],
                                name="documents_f_removed_e72a60_idx",
                            )
                        ],
                    },
                ),
            ]
        ),
        migrations.RunPython(rename("documents", "intranet"), rename("intranet", "documents")),
    ]
