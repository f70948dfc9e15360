"""Cases that closed before: who closed them by hand, and which case they were merged into, as the record tells."""

from typing import Any

from django.db import migrations


def read_the_record(apps: Any, schema_editor: object) -> None:
    case = apps.get_model("dispatch", "Case")
    closed = apps.get_model("dispatch", "Event").objects.filter(verb="closed", case__isnull=False)
    for event in closed.filter(case__outcome__in=("void", "handed_over"), by__isnull=False).iterator():
        case.objects.filter(pk=event.case_id).update(closed_by=event.by_id)
    for event in closed.filter(case__outcome="duplicate").iterator():
        number = event.why.rpartition("-")[2]  # of the kept case: year-month-id
        if number.isdecimal():
            case.objects.filter(pk=event.case_id).update(merged_into=int(number))


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0004_merges")]

    operations = [migrations.RunPython(read_the_record, migrations.RunPython.noop)]
