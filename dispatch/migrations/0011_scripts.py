"""Scripts are versioned as policies are; what operators mark of them is found by case."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('dispatch', '0010_badges')]

    operations = [
        migrations.AlterField(
            model_name='policyversion',
            name='kind',
            field=models.CharField(choices=[('risk', 'risk policy'), ('escalation', 'escalation policy'), ('scripts', 'scripts')], max_length=12, verbose_name='kind'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('verb', 'script_marked')), fields=['case'], name='dispatch_event_script_marked'),
        ),
    ]
