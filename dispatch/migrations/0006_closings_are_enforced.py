"""The database refuses an ending that its case does not bear out."""

from django.db import migrations, models

import dispatch.vocabulary


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0005_endings_on_record")]

    operations = [
        migrations.RemoveConstraint(
            model_name='case',
            name='dispatch_case_verified_was_agreed',
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', dispatch.vocabulary.Outcome['VERIFIED']), _negated=True), models.Q(('agreed_at__isnull', False), ('verified_at__gte', models.F('agreed_at')), ('verified_at__isnull', False)), _connector='OR'), name='dispatch_case_verified_was_agreed'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', dispatch.vocabulary.Outcome['UNCONFIRMED']), _negated=True), ('agreed_at__isnull', False), _connector='OR'), name='dispatch_case_unconfirmed_was_agreed'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', [dispatch.vocabulary.Outcome['FALSE_ALARM'], dispatch.vocabulary.Outcome['NOT_PERSUADED']]), _negated=True), ('reached_at__isnull', False), _connector='OR'), name='dispatch_case_judged_was_reached'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', [dispatch.vocabulary.Outcome['VOID'], dispatch.vocabulary.Outcome['HANDED_OVER']]), _negated=True), ('closed_by__isnull', False), _connector='OR'), name='dispatch_case_void_and_handed_over_name_who'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('outcome', dispatch.vocabulary.Outcome['DUPLICATE'])), models.Q(models.Q(('outcome', dispatch.vocabulary.Outcome['DUPLICATE']), _negated=True), ('merged_into', None)), _connector='OR'), name='dispatch_case_duplicate_names_the_kept'),
        ),
    ]
