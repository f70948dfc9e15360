"""The tables of the doors and the counts, each made once, as it is; who changes a case leaves a note.

For a database that has all of the migrations it replaces, or none.
"""

import django.db.models.deletion
import telephony.sealing
from django.conf import settings
from django.db import migrations, models

from warning_center.migrations import _stirring


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('warning_center', '0001_initial'),
        ('warning_center', '0002_pulses_and_breaches'),
        ('warning_center', '0003_rollups'),
        ('warning_center', '0004_stirred'),
        ('warning_center', '0005_saved_views'),
        ('warning_center', '0006_reports'),
        ('warning_center', '0007_screens'),
        ('warning_center', '0008_scripts_stir'),
        ('warning_center', '0009_kinds_of_sources'),
    ]

    dependencies = [
        ('dispatch', '0001_tables'),
        ('dispatch', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Breach',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, unique=True, verbose_name='promise')),
                ('since', models.DateTimeField(verbose_name='since')),
            ],
            options={
                'verbose_name': 'broken promise',
                'verbose_name_plural': 'broken promises',
            },
        ),
        migrations.CreateModel(
            name='Cell',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('node', models.BigIntegerField()),
                ('cut', models.CharField(blank=True, max_length=24)),
                ('key', models.CharField(blank=True, max_length=64)),
                ('day', models.DateField()),
                ('profile', models.CharField(max_length=48)),
                ('n', models.IntegerField()),
                ('total', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'cell',
                'verbose_name_plural': 'cells',
                'indexes': [models.Index(condition=models.Q(('n', 0)), fields=['id'], name='warning_center_cell_empty')],
                'constraints': [models.UniqueConstraint(fields=('node', 'cut', 'day', 'key', 'profile'), name='warning_center_cell_is_one')],
            },
        ),
        migrations.CreateModel(
            name='Pulse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('host', models.CharField(max_length=128, verbose_name='host')),
                ('at', models.DateTimeField(verbose_name="by the host's clock")),
                ('kept_at', models.DateTimeField(verbose_name="by the database's clock")),
            ],
            options={
                'verbose_name': 'pulse',
                'verbose_name_plural': 'pulses',
                'constraints': [models.UniqueConstraint(fields=('name', 'host'), name='warning_center_pulse_is_one_hosts')],
            },
        ),
        migrations.CreateModel(
            name='Screen',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, unique=True, verbose_name='name')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='dispatch.unit', verbose_name='unit')),
                ('key_digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('enabled', models.BooleanField(default=True, verbose_name='enabled')),
            ],
            options={
                'verbose_name': 'wallboard',
                'verbose_name_plural': 'wallboards',
            },
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=32, unique=True, verbose_name='code')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='dispatch.unit', verbose_name='duty unit')),
                ('key_digest', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ('kind', models.CharField(blank=True, db_default='', default='', max_length=16, verbose_name='kind')),
                ('enabled', models.BooleanField(default=True, verbose_name='enabled')),
            ],
            options={
                'verbose_name': 'source',
                'verbose_name_plural': 'sources',
            },
        ),
        migrations.CreateModel(
            name='Stirred',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dispatch.case')),
            ],
            options={
                'verbose_name': 'case to be counted',
                'verbose_name_plural': 'cases to be counted',
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('daily', 'daily report'), ('weekly', 'weekly report'), ('monthly', 'monthly report')], max_length=8, verbose_name='report')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='dispatch.unit', verbose_name='unit')),
                ('since', models.DateField(verbose_name='from')),
                ('until', models.DateField(verbose_name='to')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('paper', models.BinaryField()),
            ],
            options={
                'verbose_name': 'report',
                'verbose_name_plural': 'reports',
                'ordering': ('-until', '-since', 'unit'),
                'constraints': [models.UniqueConstraint(fields=('kind', 'unit', 'until'), name='warning_center_report_is_made_once')],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('page', models.CharField(blank=True, max_length=32)),
                ('address', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'verbose_name': 'saved view',
                'verbose_name_plural': 'saved views',
                'constraints': [models.UniqueConstraint(fields=('user', 'name'), name='warning_center_savedview_name_is_one_users')],
            },
        ),
        migrations.CreateModel(
            name='Directive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='warning_center.source', verbose_name='source')),
                ('reference', models.CharField(max_length=64, verbose_name='reference')),
                ('received_at', models.DateTimeField(db_index=True, verbose_name='received')),
                ('issued_at', models.DateTimeField(verbose_name='issued')),
                ('body', telephony.sealing.SealedTextField(verbose_name='as received')),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('notes', models.JSONField(default=list, verbose_name='notes')),
                ('answer', models.CharField(choices=[('accepted', 'opened a case'), ('joined', 'joined a case')], max_length=8, verbose_name='answer')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='directives', to='dispatch.case', verbose_name='case')),
            ],
            options={
                'verbose_name': 'directive',
                'verbose_name_plural': 'directives',
                'constraints': [models.UniqueConstraint(fields=('source', 'reference'), name='warning_center_directive_reference_is_one_sources')],
            },
        ),
        migrations.CreateModel(
            name='Counted',
            fields=[
                ('directive', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='counted', serialize=False, to='warning_center.directive')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dispatch.case')),
                ('root', models.BigIntegerField(db_index=True)),
                ('received_at', models.DateTimeField()),
                ('day', models.DateField()),
                ('path', models.CharField(blank=True, max_length=128)),
                ('profile', models.CharField(max_length=48)),
                ('marks', models.TextField()),
            ],
            options={
                'verbose_name': 'counted directive',
                'verbose_name_plural': 'counted directives',
                'indexes': [models.Index(fields=['day', 'directive'], name='warning_center_counted_day')],
            },
        ),
        migrations.RunPython(_stirring.put_on, _stirring.take_off),
    ]
