"""Merges are kept so that they can be undone; a case names who closed it by hand, and the one it was merged into."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import telephony.sealing


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0003_queue_in_full_order")]

    operations = [
        migrations.CreateModel(
            name='Merge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('phones', models.JSONField(default=list)),
                ('shared', models.JSONField(default=list)),
                ('contacts', models.JSONField(default=list)),
                ('cases', models.JSONField(default=list)),
                ('place', telephony.sealing.SealedTextField(blank=True)),
                ('undone_at', models.DateTimeField(null=True, verbose_name='undone')),
            ],
            options={
                'verbose_name': 'merge',
                'verbose_name_plural': 'merges',
            },
        ),
        migrations.AddField(
            model_name='case',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='closed by'),
        ),
        migrations.AddField(
            model_name='case',
            name='merged_into',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='duplicates', to='dispatch.case', verbose_name='merged into'),
        ),
        migrations.AddField(
            model_name='merge',
            name='other',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='merge', to='dispatch.case'),
        ),
        migrations.AddField(
            model_name='merge',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dispatch.target'),
        ),
        migrations.AddField(
            model_name='merge',
            name='undone_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='merge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at', None), ('undone_by', None)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='dispatch_merge_undone_names_who'),
        ),
    ]
