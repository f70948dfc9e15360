"""Telephony's tables, each made once, as it is.

For a database that has all of the migrations it replaces, or none.
"""

import datetime
import django.db.models.deletion
import telephony.carrier
import telephony.models.trunk
import telephony.sealing
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('telephony', '0001_initial'),
        ('telephony', '0002_rank_in_full_order'),
        ('telephony', '0003_watched_at_a_glance'),
        ('telephony', '0004_desks'),
        ('telephony', '0005_twilio_whole'),
        ('telephony', '0006_video_page'),
    ]

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Desk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=32, unique=True, verbose_name='name')),
                ('address', telephony.sealing.SealedTextField(blank=True, verbose_name='number or address')),
                ('state', models.CharField(choices=[('away', 'away'), ('ready', 'ready'), ('offered', 'offered'), ('talking', 'talking'), ('wrapping', 'wrapping up'), ('paused', 'paused')], default='away', max_length=8, verbose_name='state')),
                ('reason', models.CharField(blank=True, max_length=64, verbose_name='reason')),
                ('after', models.CharField(blank=True, max_length=8)),
                ('mode', models.CharField(choices=[('preview', 'preview'), ('progressive', 'progressive')], default='progressive', max_length=12, verbose_name='mode of work')),
                ('tags', models.JSONField(blank=True, default=list, verbose_name='tags')),
                ('since', models.DateTimeField(verbose_name='since')),
                ('ready_since', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True, verbose_name='lease until')),
                ('wrap_until', models.DateTimeField(null=True)),
                ('lease', models.DurationField(default=datetime.timedelta(seconds=90))),
                ('offer', models.DurationField(default=datetime.timedelta(seconds=15))),
                ('wrap', models.DurationField(default=datetime.timedelta(seconds=60), verbose_name='wrap-up limit')),
                ('declined', models.BigIntegerField(null=True)),
            ],
            options={
                'verbose_name': 'desk',
                'verbose_name_plural': 'desks',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('lease_until', None), ('state', 'away')), models.Q(models.Q(('state', 'away'), _negated=True), ('lease_until__isnull', False)), _connector='OR'), name='telephony_desk_here_has_lease'), models.CheckConstraint(condition=models.Q(models.Q(models.Q(('state', 'paused'), ('after', 'paused'), _connector='OR'), models.Q(('reason', ''), _negated=True)), models.Q(models.Q(('state', 'paused'), _negated=True), models.Q(('after', 'paused'), _negated=True), ('reason', '')), _connector='OR'), name='telephony_desk_pause_has_reason'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'wrapping'), ('wrap_until__isnull', False)), models.Q(models.Q(('state', 'wrapping'), _negated=True), ('wrap_until', None)), _connector='OR'), name='telephony_desk_wrapping_has_limit'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['ready', 'offered']), _negated=True), ('ready_since__isnull', False), _connector='OR'), name='telephony_desk_ready_has_its_turn'), models.CheckConstraint(condition=models.Q(('after', ''), models.Q(('after__in', ['paused', 'away']), ('state__in', ['offered', 'talking'])), _connector='OR'), name='telephony_desk_leaves_after_a_call')],
            },
        ),
        migrations.CreateModel(
            name='Trunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=32, unique=True, verbose_name='name')),
                ('carrier', models.CharField(max_length=32, verbose_name='carrier')),
                ('priority', models.PositiveSmallIntegerField(default=1, verbose_name='priority')),
                ('concurrent', models.PositiveIntegerField(verbose_name='calls at once')),
                ('per_second', models.FloatField(verbose_name='calls a second')),
                ('enabled', models.BooleanField(default=True, verbose_name='enabled')),
                ('callers', models.CharField(blank=True, db_default='', default='', max_length=200, verbose_name='caller numbers')),
                ('carries', models.CharField(db_default='voice video text', default='voice video text', max_length=32, validators=[telephony.models.trunk.known_words], verbose_name='carries')),
                ('tokens', models.FloatField(default=1)),
                ('filled_at', models.DateTimeField()),
                ('faults', models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name='faults in a row')),
                ('rests_until', models.DateTimeField(null=True, verbose_name='rests until')),
                ('trust', models.PositiveIntegerField(null=True, verbose_name='trusted with')),
            ],
            options={
                'verbose_name': 'trunk',
                'verbose_name_plural': 'trunks',
                'constraints': [models.CheckConstraint(condition=models.Q(('concurrent__gt', 0), ('per_second__gt', 0)), name='telephony_trunk_can_carry'), models.CheckConstraint(condition=models.Q(('carries', ''), _negated=True), name='telephony_trunk_carries_something')],
            },
        ),
        migrations.CreateModel(
            name='Text',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('number', telephony.sealing.SealedTextField(verbose_name='number')),
                ('body', models.TextField(verbose_name='text')),
                ('state', models.CharField(choices=[('queued', 'queued'), ('sent', 'sent'), ('delivered', 'delivered'), ('undelivered', 'not delivered'), ('failed', 'failed'), ('quiet', 'not repeated')], default='queued', max_length=12, verbose_name='state')),
                ('external_id', models.CharField(blank=True, max_length=64)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent at')),
                ('delivered_at', models.DateTimeField(null=True, verbose_name='delivered at')),
                ('number_index', models.CharField(blank=True, db_default='', default='', editable=False, max_length=64)),
                ('trunk', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='telephony.trunk', verbose_name='trunk')),
                ('doubted_at', models.DateTimeField(null=True)),
                ('evidence', models.JSONField(default=list)),
            ],
            options={
                'verbose_name': 'text',
                'verbose_name_plural': 'texts',
                'indexes': [models.Index(condition=models.Q(('state', 'queued')), fields=['due_at'], name='telephony_text_due'), models.Index(fields=['number_index', 'sent_at'], name='telephony_text_number')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('state', 'queued')), models.Q(models.Q(('state', 'queued'), _negated=True), ('due_at', None)), _connector='OR'), name='telephony_text_queued_has_due_at')],
            },
        ),
        migrations.CreateModel(
            name='Call',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('number', telephony.sealing.SealedTextField(verbose_name='number')),
                ('number_index', models.CharField(editable=False, max_length=64)),
                ('kind', models.CharField(choices=[('voice', 'voice'), ('video', 'video')], max_length=8, verbose_name='kind')),
                ('mode', models.CharField(blank=True, max_length=16, verbose_name='mode')),
                ('tag', models.CharField(blank=True, max_length=32, verbose_name='tag')),
                ('needs', models.CharField(blank=True, max_length=64)),
                ('route', models.CharField(blank=True, db_default='', default='', max_length=8)),
                ('avoid', models.JSONField(default=list)),
                ('status', models.CharField(choices=[('booked', 'booked'), ('dialling', 'dialling'), ('ringing', 'ringing'), ('talking', 'talking'), ('ended', 'ended')], default=telephony.carrier.CallStatus['BOOKED'], max_length=8, verbose_name='status')),
                ('result', models.CharField(blank=True, choices=[('answered', 'answered'), ('machine', 'machine'), ('busy', 'busy'), ('no_answer', 'no_answer'), ('rejected', 'rejected'), ('hung_up', 'hung_up'), ('audio_only', 'audio_only'), ('powered_off', 'powered_off'), ('out_of_area', 'out_of_area'), ('suspended', 'suspended'), ('invalid_number', 'invalid_number'), ('forwarded', 'forwarded'), ('labelled_nuisance', 'labelled_nuisance'), ('congestion', 'congestion'), ('failed_here', 'failed_here'), ('not_placed', 'not_placed'), ('cancelled', 'cancelled'), ('outcome_unknown', 'outcome_unknown')], max_length=24, verbose_name='result')),
                ('rank_at', models.DateTimeField()),
                ('booked_for', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('due_at', models.DateTimeField(null=True)),
                ('dialled_at', models.DateTimeField(null=True, verbose_name='dialled at')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('external_id', models.CharField(blank=True, max_length=64)),
                ('trunk', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='telephony.trunk', verbose_name='trunk')),
                ('desk', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='telephony.desk', verbose_name='desk')),
                ('prefers', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='telephony.desk')),
                ('dropped_at', models.DateTimeField(null=True)),
                ('asked', models.PositiveSmallIntegerField(default=0)),
                ('evidence', models.JSONField(default=list)),
                ('placed_at', models.DateTimeField(null=True)),
                ('caller', models.CharField(blank=True, db_default='', default='', max_length=24)),
                ('pressed', models.CharField(blank=True, db_default='', default='', max_length=8, verbose_name='keys pressed')),
                ('unknown', models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='unknown code')),
            ],
            options={
                'verbose_name': 'call',
                'verbose_name_plural': 'calls',
                'indexes': [models.Index(condition=models.Q(('desk', None), ('status', telephony.carrier.CallStatus['BOOKED'])), fields=['mode', 'needs', 'rank_at', 'id', 'due_at', 'until'], name='telephony_call_rank'), models.Index(condition=models.Q(('status__in', ['dialling', 'ringing', 'talking'])), fields=['due_at', 'id'], name='telephony_call_silent'), models.Index(condition=models.Q(('status', telephony.carrier.CallStatus['BOOKED'])), fields=['due_at'], name='telephony_call_booked'), models.Index(condition=models.Q(('status', telephony.carrier.CallStatus['BOOKED'])), fields=['until'], name='telephony_call_until'), models.Index(condition=models.Q(('status__in', ['dialling', 'ringing', 'talking'])), fields=['trunk'], name='telephony_call_on_trunk'), models.Index(fields=['number_index', 'dialled_at'], name='telephony_call_number'), models.Index(condition=models.Q(('placed_at__isnull', False)), fields=['placed_at', 'trunk'], name='telephony_call_placed'), models.Index(condition=models.Q(('unknown', ''), _negated=True), fields=['ended_at'], name='telephony_call_unknown')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('trunk', 'external_id'), name='telephony_call_external_id_is_one_calls'), models.UniqueConstraint(condition=models.Q(('status__in', ['dialling', 'ringing', 'talking'])), fields=('number_index',), name='telephony_call_one_live_per_number'), models.UniqueConstraint(condition=models.Q(('desk__isnull', False), models.Q(('status', telephony.carrier.CallStatus['ENDED']), _negated=True)), fields=('desk',), name='telephony_call_one_live_per_desk'), models.CheckConstraint(condition=models.Q(('mode', ''), models.Q(('desk', None), ('needs', '')), _connector='OR'), name='telephony_call_announced_needs_no_desk'), models.CheckConstraint(condition=models.Q(models.Q(('due_at', None), ('ended_at__isnull', False), ('status', telephony.carrier.CallStatus['ENDED']), models.Q(('result', ''), _negated=True)), models.Q(models.Q(('status', telephony.carrier.CallStatus['ENDED']), _negated=True), ('due_at__isnull', False), ('ended_at', None), ('result', '')), _connector='OR'), name='telephony_call_live_has_due_at'), models.CheckConstraint(condition=models.Q(('rank_at__lte', models.F('booked_for'))), name='telephony_call_rank_is_not_behind')],
            },
        ),
        migrations.CreateModel(
            name='Leg',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('call', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='legs', to='telephony.call', verbose_name='call')),
                ('desk', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='telephony.desk', verbose_name='desk')),
                ('role', models.CharField(choices=[('desk', 'the operator'), ('colleague', 'a colleague'), ('supervisor', 'a supervisor')], max_length=12, verbose_name='who')),
                ('way', models.CharField(choices=[('talk', 'talks'), ('listen', 'listens'), ('whisper', 'whispers')], default='talk', max_length=8, verbose_name='how')),
                ('state', models.CharField(choices=[('wanted', 'wanted'), ('asked', 'asked for'), ('ringing', 'ringing'), ('talking', 'talking'), ('ended', 'ended')], default='wanted', max_length=8, verbose_name='state')),
                ('result', models.CharField(blank=True, max_length=24, verbose_name='result')),
                ('external_id', models.CharField(blank=True, max_length=64)),
                ('begun_at', models.DateTimeField(verbose_name='begun')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('due_at', models.DateTimeField(null=True)),
                ('evidence', models.JSONField(default=list)),
            ],
            options={
                'verbose_name': 'leg',
                'verbose_name_plural': 'legs',
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['due_at'], name='telephony_leg_silent')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('desk',), name='telephony_leg_one_live_per_desk'), models.CheckConstraint(condition=models.Q(models.Q(('due_at', None), ('ended_at__isnull', False), ('state', 'ended')), models.Q(models.Q(('state', 'ended'), _negated=True), ('due_at__isnull', False), ('ended_at', None)), _connector='OR'), name='telephony_leg_live_has_due_at'), models.CheckConstraint(condition=models.Q(('way', 'talk'), ('role', 'supervisor'), _connector='OR'), name='telephony_leg_only_supervisors_listen')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('call', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='link', to='telephony.call', verbose_name='call')),
                ('text', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='link', to='telephony.text', verbose_name='text')),
                ('secret_hash', models.CharField(max_length=64, unique=True)),
                ('card', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('wanted', 'wanted'), ('sent', 'sent'), ('opened', 'opened by them'), ('over', 'over')], default='wanted', max_length=8, verbose_name='state')),
                ('written_at', models.DateTimeField(verbose_name='written at')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('opened_at', models.DateTimeField(null=True, verbose_name='opened by them')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='over since')),
                ('due_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'link',
                'verbose_name_plural': 'links',
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['due_at'], name='telephony_link_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('due_at', None), ('ended_at__isnull', False), ('state', 'over')), models.Q(models.Q(('state', 'over'), _negated=True), ('due_at__isnull', False), ('ended_at', None)), _connector='OR'), name='telephony_link_live_has_due_at'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'opened'), _negated=True), ('opened_at__isnull', False), _connector='OR'), name='telephony_link_opened_has_its_moment')],
            },
        ),
    ]
