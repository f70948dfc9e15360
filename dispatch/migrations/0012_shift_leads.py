"""An operator may lead the shift; what a lead did to a desk is told there."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('dispatch', '0011_scripts')]

    operations = [
        migrations.AddField(
            model_name='operator',
            name='leads',
            field=models.BooleanField(db_default=False, default=False, verbose_name='leads the shift'),
        ),
        migrations.AddField(
            model_name='operator',
            name='moved',
            field=models.CharField(blank=True, choices=[('paused', 'paused'), ('away', 'signed off')], db_default='', default='', max_length=8),
        ),
        migrations.AddField(
            model_name='operator',
            name='moved_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='operator',
            name='moved_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='operator',
            name='moved_why',
            field=models.CharField(blank=True, db_default='', default='', max_length=120),
        ),
        migrations.AddConstraint(
            model_name='operator',
            constraint=models.CheckConstraint(condition=models.Q(('moved', ''), models.Q(('moved_at__isnull', False), ('moved_by__isnull', False), models.Q(('moved_why', ''), _negated=True)), _connector='OR'), name='dispatch_operator_moved_names_who_and_why'),
        ),
    ]
