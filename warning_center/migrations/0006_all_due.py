"""What was counted before has neither days nor columns of its own yet: all that there is is due to be counted anew.

Only marked here: the task `sweep` counts, slice by slice (see supervision.rollups.sweep).
"""

from django.db import migrations
from django.db.models import Max


def mark(apps, schema_editor):
    last = apps.get_model("dispatch", "Case").objects.aggregate(last=Max("pk"))["last"]
    if last is not None:
        apps.get_model("warning_center", "Sweep").objects.create(after=0, until=last)


class Migration(migrations.Migration):
    dependencies = [("warning_center", "0005_sweep")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
