from django.db import migrations


class Migration(migrations.Migration):
    """Hands the tables of files over to the app `intranet`."""

    dependencies = [("documents", "0005_plausible_years"), ("intranet", "0007_files")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel(name=name) for name in ("FileRemoval", "Sweep", "Identity")
            ]
        )
    ]
