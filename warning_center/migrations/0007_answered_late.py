"""An order that its bank answered after the deadline had counted as a promise kept: its case is to be counted anew."""

from django.db import migrations
from django.db.models import F


def mark(apps, schema_editor):
    late = apps.get_model("dispatch", "Order").objects.filter(state="answered", ended_at__gt=F("due_at"))
    Stirred = apps.get_model("warning_center", "Stirred")
    Stirred.objects.bulk_create(
        [Stirred(case_id=case) for case in late.values_list("case", flat=True).iterator()], batch_size=1000
    )


class Migration(migrations.Migration):
    dependencies = [("warning_center", "0006_all_due")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
