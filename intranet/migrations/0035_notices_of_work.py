from django.db import migrations, models


class Migration(migrations.Migration):
    """Work knows the notice of its end, so that one sees whether that was read."""

    dependencies = [("intranet", "0034_refused_work")]

    operations = [
        migrations.AddField(
            model_name="work",
            name="notice",
            field=models.BigIntegerField(editable=False, null=True),
        ),
    ]
