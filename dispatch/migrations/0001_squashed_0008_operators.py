"""The dispatch of 0001 to 0008 in one, for a database that has none of it: each table is made once, as it ended."""

from importlib import import_module

import dispatch.vocabulary
import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
import django_fsm
import telephony.sealing
from django.conf import settings
from django.db import migrations, models

append_only = import_module('dispatch.migrations.0002_event_is_append_only')


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('dispatch', '0001_initial'),
        ('dispatch', '0002_event_is_append_only'),
        ('dispatch', '0003_queue_in_full_order'),
        ('dispatch', '0004_merges'),
        ('dispatch', '0005_endings_on_record'),
        ('dispatch', '0006_closings_are_enforced'),
        ('dispatch', '0007_watched_at_a_glance'),
        ('dispatch', '0008_operators'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('telephony', '0004_desks'),
    ]

    operations = [
        migrations.CreateModel(
            name='PhoneNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', telephony.sealing.SealedTextField(verbose_name='number')),
                ('index', models.CharField(editable=False, max_length=64, unique=True)),
            ],
            options={
                'verbose_name': 'phone number',
                'verbose_name_plural': 'phone numbers',
            },
        ),
        migrations.CreateModel(
            name='Target',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', telephony.sealing.SealedTextField(blank=True, verbose_name='name')),
                ('id_number', telephony.sealing.SealedTextField(blank=True, verbose_name='ID number')),
                ('id_index', models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ('sex', models.CharField(blank=True, max_length=8, verbose_name='sex')),
                ('birth_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='year of birth')),
                ('occupation', models.CharField(blank=True, max_length=64, verbose_name='occupation')),
            ],
            options={
                'verbose_name': 'target',
                'verbose_name_plural': 'targets',
            },
        ),
        migrations.CreateModel(
            name='TargetNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=1)),
                ('phone', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='dispatch.phonenumber')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='numbers', to='dispatch.target')),
            ],
            options={
                'ordering': ('position', 'pk'),
                'constraints': [models.UniqueConstraint(fields=('target', 'phone'), name='dispatch_targetnumber_known_once')],
            },
        ),
        migrations.AddField(
            model_name='Target',
            name='phones',
            field=models.ManyToManyField(related_name='targets', through='dispatch.TargetNumber', to='dispatch.phonenumber'),
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', telephony.sealing.SealedTextField(blank=True, verbose_name='name')),
                ('relation', models.CharField(max_length=32, verbose_name='relation')),
                ('number', telephony.sealing.SealedTextField(verbose_name='number')),
                ('added_at', models.DateTimeField(verbose_name='added at')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='dispatch.target', verbose_name='target')),
            ],
            options={
                'verbose_name': 'contact',
                'verbose_name_plural': 'contacts',
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('kind', models.CharField(choices=[('city', 'city'), ('county', 'county'), ('town', 'town'), ('village', 'village'), ('station', 'police station')], max_length=8, verbose_name='kind')),
                ('adcode', models.CharField(db_index=True, max_length=12, verbose_name='administrative code')),
                ('path', models.CharField(editable=False, max_length=128, null=True, unique=True)),
                ('lat', models.FloatField(blank=True, null=True, verbose_name='latitude')),
                ('lon', models.FloatField(blank=True, null=True, verbose_name='longitude')),
                ('duty_phone', models.CharField(blank=True, max_length=32, verbose_name='duty phone')),
                ('on_duty', models.BooleanField(default=True, verbose_name='on duty')),
                ('room', models.PositiveSmallIntegerField(default=20, verbose_name='open visits at once')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='dispatch.unit', verbose_name='above')),
            ],
            options={
                'verbose_name': 'unit',
                'verbose_name_plural': 'units',
                'ordering': ('path',),
                'constraints': [models.UniqueConstraint(fields=('parent', 'name'), name='dispatch_unit_name_is_one_units'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', [dispatch.vocabulary.UnitKind['STATION'], dispatch.vocabulary.UnitKind['VILLAGE']]), _negated=True), models.Q(('lat__isnull', False), ('lon__isnull', False)), _connector='OR'), name='dispatch_unit_station_has_a_place')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('role', models.CharField(choices=[('operator', 'operator'), ('officer', 'field officer'), ('supervisor', 'supervisor'), ('administrator', 'administrator')], default=dispatch.vocabulary.Role['OPERATOR'], max_length=16, verbose_name='role')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='dispatch.unit', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='DeviceToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('device', models.CharField(max_length=64, verbose_name='device')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('created_at', models.DateTimeField(verbose_name='signed in')),
                ('expires_at', models.DateTimeField(verbose_name='valid until')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='signed out')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='device_tokens', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'device token',
                'verbose_name_plural': 'device tokens',
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='dispatch_devicetoken_expires')],
            },
        ),
        migrations.CreateModel(
            name='Operator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('desk', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='operator', to='telephony.desk', verbose_name='desk')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='operator', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'operator',
                'verbose_name_plural': 'operators',
            },
        ),
        migrations.CreateModel(
            name='PolicyVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('risk', 'risk policy'), ('escalation', 'escalation policy')], max_length=12, verbose_name='kind')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('document', models.JSONField(verbose_name='document')),
                ('starts_at', models.DateTimeField(verbose_name='in force from')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL, verbose_name='author')),
            ],
            options={
                'verbose_name': 'policy version',
                'verbose_name_plural': 'policy versions',
                'constraints': [models.UniqueConstraint(fields=('kind', 'version'), name='dispatch_policyversion_is_one')],
            },
        ),
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', django_fsm.FSMField(choices=[('new', 'new'), ('voice', 'voice call'), ('video', 'video call'), ('visit', 'home visit'), ('follow_up', 'follow-up'), ('closed', 'closed')], default=dispatch.vocabulary.State['NEW'], max_length=50, protected=True, verbose_name='state')),
                ('level', models.PositiveSmallIntegerField(choices=[(1, 'low risk'), (2, 'medium risk'), (3, 'high risk'), (4, 'critical')], verbose_name='level')),
                ('score', models.PositiveSmallIntegerField(default=0, verbose_name='score')),
                ('fraud_type', models.CharField(choices=[('brushing', 'brushing for rebates'), ('investment', 'fake investment'), ('shopping', 'fake shopping or service'), ('customer_service', 'false shop or courier agent'), ('loan', 'fake loan'), ('credit_record', 'fake credit record'), ('acquaintance', 'false boss or acquaintance'), ('authority', 'false police or authority'), ('romance', 'romance or friendship'), ('game_items', 'fake game trade'), ('other', 'other')], max_length=24, verbose_name='fraud type')),
                ('outcome', models.CharField(blank=True, choices=[('verified', 'verified, no loss'), ('unconfirmed', 'agreed, unconfirmed'), ('not_persuaded', 'not persuaded'), ('defrauded_after_warning', 'defrauded after warning'), ('already_transferred', 'money already transferred'), ('relapsed', 'relapsed'), ('false_alarm', 'false alarm'), ('not_found', 'not found'), ('expired', 'expired'), ('handed_over', 'handed over'), ('duplicate', 'duplicate'), ('void', 'void')], max_length=24, verbose_name='outcome')),
                ('opened_at', models.DateTimeField(verbose_name='opened')),
                ('issued_at', models.DateTimeField(verbose_name='newest directive issued')),
                ('due_at', models.DateTimeField(null=True, verbose_name='next due')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='closed')),
                ('upstream_level', models.PositiveSmallIntegerField(choices=[(1, 'low risk'), (2, 'medium risk'), (3, 'high risk'), (4, 'critical')], null=True)),
                ('assessed_level', models.PositiveSmallIntegerField(choices=[(1, 'low risk'), (2, 'medium risk'), (3, 'high risk'), (4, 'critical')], default=dispatch.vocabulary.Level['LOW'])),
                ('opened_level', models.PositiveSmallIntegerField(null=True)),
                ('level_set_at', models.DateTimeField(null=True)),
                ('sizes', models.JSONField(default=dict)),
                ('lat', models.FloatField(null=True)),
                ('lon', models.FloatField(null=True)),
                ('adcode', models.CharField(blank=True, max_length=12)),
                ('address', telephony.sealing.SealedTextField(blank=True, verbose_name='address')),
                ('place_at', models.DateTimeField(null=True)),
                ('reached_at', models.DateTimeField(null=True, verbose_name='reached')),
                ('listened_at', models.DateTimeField(null=True, verbose_name='listened')),
                ('agreed_at', models.DateTimeField(null=True, verbose_name='agreed')),
                ('verified_at', models.DateTimeField(null=True, verbose_name='verified')),
                ('chain', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='chained', to='dispatch.case')),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='closed by')),
                ('holder', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='held by')),
                ('merged_into', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='duplicates', to='dispatch.case', verbose_name='merged into')),
                ('previous', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='next', to='dispatch.case', verbose_name='previous case')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='dispatch.policyversion', verbose_name='escalation policy')),
                ('target', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='dispatch.target', verbose_name='target')),
                ('fallback', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dispatch.unit')),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to='dispatch.unit', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'case',
                'verbose_name_plural': 'cases',
                'indexes': [models.Index(condition=models.Q(('closed_at', None)), fields=['level', 'due_at', 'id'], name='dispatch_case_due'), models.Index(condition=models.Q(('closed_at', None)), fields=['-level', '-score', 'due_at', 'id'], name='dispatch_case_risk'), models.Index(fields=['closed_at'], name='dispatch_case_closed'), models.Index(condition=models.Q(('closed_at', None), ('due_at', None)), fields=['id'], name='dispatch_case_undue')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('due_at', None), ('state', dispatch.vocabulary.State['CLOSED']), models.Q(('outcome', ''), _negated=True)), models.Q(models.Q(('state', dispatch.vocabulary.State['CLOSED']), _negated=True), ('closed_at', None), ('due_at__isnull', False), ('outcome', '')), _connector='OR'), name='dispatch_case_open_has_due_at'), models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('target',), name='dispatch_case_one_open_per_target'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', dispatch.vocabulary.Outcome['VERIFIED']), _negated=True), models.Q(('agreed_at__isnull', False), ('verified_at__gte', models.F('agreed_at')), ('verified_at__isnull', False)), _connector='OR'), name='dispatch_case_verified_was_agreed'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', dispatch.vocabulary.Outcome['UNCONFIRMED']), _negated=True), ('agreed_at__isnull', False), _connector='OR'), name='dispatch_case_unconfirmed_was_agreed'), models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', [dispatch.vocabulary.Outcome['FALSE_ALARM'], dispatch.vocabulary.Outcome['NOT_PERSUADED']]), _negated=True), ('reached_at__isnull', False), _connector='OR'), name='dispatch_case_judged_was_reached'), models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', [dispatch.vocabulary.Outcome['VOID'], dispatch.vocabulary.Outcome['HANDED_OVER']]), _negated=True), ('closed_by__isnull', False), _connector='OR'), name='dispatch_case_void_and_handed_over_name_who'), models.CheckConstraint(condition=models.Q(models.Q(('merged_into__isnull', False), ('outcome', dispatch.vocabulary.Outcome['DUPLICATE'])), models.Q(models.Q(('outcome', dispatch.vocabulary.Outcome['DUPLICATE']), _negated=True), ('merged_into', None)), _connector='OR'), name='dispatch_case_duplicate_names_the_kept')],
            },
            bases=(django_fsm.FSMModelMixin, models.Model),
        ),
        migrations.CreateModel(
            name='Assessment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('score', models.PositiveSmallIntegerField(verbose_name='score')),
                ('level', models.PositiveSmallIntegerField(choices=[(1, 'low risk'), (2, 'medium risk'), (3, 'high risk'), (4, 'critical')], verbose_name='level')),
                ('reasons', models.JSONField(verbose_name='reasons')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='assessments', to='dispatch.case')),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='dispatch.policyversion', verbose_name='risk policy')),
            ],
            options={
                'verbose_name': 'assessment',
                'verbose_name_plural': 'assessments',
                'constraints': [models.CheckConstraint(condition=models.Q(('score__lte', 100)), name='dispatch_assessment_score_is_0_to_100')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.PositiveSmallIntegerField(choices=[(1, 'voice call'), (2, 'video call'), (3, 'home visit'), (4, 'follow-up')], verbose_name='tier')),
                ('level', models.PositiveSmallIntegerField(choices=[(1, 'low risk'), (2, 'medium risk'), (3, 'high risk'), (4, 'critical')], verbose_name='planned under')),
                ('stage', models.CharField(choices=[('planned', 'planned'), ('dialled', 'dialled'), ('talking', 'talking'), ('judging', 'awaiting disposition'), ('sent', 'sent out'), ('acknowledged', 'acknowledged'), ('arrived', 'at the door'), ('checking', 'being checked'), ('watching', 'being watched')], default=dispatch.vocabulary.Stage['PLANNED'], max_length=12, verbose_name='stage')),
                ('reinforced', models.BooleanField(default=False, verbose_name='reinforced')),
                ('astray', models.BooleanField(default=False)),
                ('starts_at', models.DateTimeField(verbose_name='planned for')),
                ('due_at', models.DateTimeField(null=True, verbose_name='due')),
                ('started_at', models.DateTimeField(null=True, verbose_name='begun')),
                ('acknowledged_at', models.DateTimeField(null=True, verbose_name='acknowledged')),
                ('arrived_at', models.DateTimeField(null=True, verbose_name='arrived')),
                ('identified_at', models.DateTimeField(null=True, verbose_name='identity checked')),
                ('told_at', models.DateTimeField(null=True)),
                ('result', models.CharField(blank=True, choices=[('reached', 'reached in person'), ('answered_unverified', 'answered, identity not checked'), ('answered_by_other', 'answered by another'), ('machine', 'answered by a machine'), ('busy', 'busy'), ('no_answer', 'no answer'), ('rejected', 'rejected'), ('hung_up', 'hung up'), ('audio_only', 'sound only'), ('powered_off', 'powered off'), ('out_of_area', 'out of area'), ('suspended', 'suspended'), ('invalid_number', 'invalid number'), ('forwarded', 'forwarded'), ('labelled_nuisance', 'labelled a nuisance'), ('congestion', 'carrier congestion'), ('failed_here', 'failed on our side'), ('not_placed', 'no free line in time'), ('cancelled', 'stood down'), ('outcome_unknown', 'outcome unknown'), ('met', 'met at the door'), ('not_there', 'not there'), ('refuses_door', 'refuses to open the door'), ('wrong_address', 'wrong address'), ('no_acknowledgement', 'no acknowledgement'), ('no_loss', 'no loss'), ('loss', 'loss'), ('not_found', 'not found'), ('refused', 'refused to speak'), ('relapse', 'relapse'), ('no_news', 'no news')], max_length=24, verbose_name='result')),
                ('fault', models.CharField(blank=True, max_length=8, verbose_name='whose fault')),
                ('evidence', models.JSONField(default=dict, verbose_name='evidence')),
                ('note', telephony.sealing.SealedTextField(blank=True, verbose_name='note')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('disposition', models.CharField(blank=True, choices=[('persuaded', 'persuaded'), ('not_persuaded', 'not persuaded'), ('denies', 'denies it'), ('already_transferred', 'already transferred'), ('false_alarm', 'false alarm'), ('wrong_person', 'wrong person')], max_length=24, verbose_name='disposition')),
                ('judged_at', models.DateTimeField(null=True, verbose_name='judged')),
                ('call', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempt', to='telephony.call')),
                ('judged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='judged by')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='dispatch.case')),
                ('phone', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dispatch.phonenumber')),
                ('unit', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='dispatch.unit', verbose_name='unit')),
            ],
            options={
                'verbose_name': 'attempt',
                'verbose_name_plural': 'attempts',
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['unit'], name='dispatch_attempt_units_open'), models.Index(condition=models.Q(('due_at', None), ('ended_at', None)), fields=['id'], name='dispatch_attempt_undue')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('ended_at', None), ('result', '')), models.Q(models.Q(('result', ''), _negated=True), ('due_at', None), ('ended_at__isnull', False)), _connector='OR'), name='dispatch_attempt_live_has_due_at'), models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('case', 'tier'), name='dispatch_attempt_one_live_per_case_and_tier'), models.CheckConstraint(condition=models.Q(models.Q(('disposition', ''), ('judged_at', None)), models.Q(models.Q(('disposition', ''), _negated=True), ('judged_at__isnull', False)), _connector='OR'), name='dispatch_attempt_judged_has_disposition')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, verbose_name='when')),
                ('verb', models.CharField(max_length=32, verbose_name='what')),
                ('agent', models.CharField(blank=True, max_length=64, verbose_name='through')),
                ('why', models.CharField(blank=True, max_length=200, verbose_name='why')),
                ('detail', models.JSONField(default=dict, verbose_name='detail')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='dispatch.case', verbose_name='case')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'indexes': [models.Index(fields=['case', 'at'], name='dispatch_event_case')],
            },
        ),
        migrations.RunPython(append_only.put_on, append_only.take_off),
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
                ('other', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='merge', to='dispatch.case')),
                ('undone_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dispatch.target')),
            ],
            options={
                'verbose_name': 'merge',
                'verbose_name_plural': 'merges',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('undone_at', None), ('undone_by', None)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='dispatch_merge_undone_names_who')],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=16, verbose_name='kind')),
                ('written_at', models.DateTimeField(verbose_name='written at')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='dispatch.case')),
                ('text', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='message', to='telephony.text')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('stop_payment', 'stop payment')], default='stop_payment', max_length=16, verbose_name='kind')),
                ('state', models.CharField(choices=[('drafted', 'drafted'), ('submitted', 'submitted'), ('answered', 'answered'), ('unanswered', 'unanswered'), ('withdrawn', 'withdrawn')], default=dispatch.vocabulary.OrderState['DRAFTED'], max_length=12, verbose_name='state')),
                ('drafted_at', models.DateTimeField(verbose_name='drafted')),
                ('due_at', models.DateTimeField(verbose_name='answered by')),
                ('submitted_at', models.DateTimeField(blank=True, null=True, verbose_name='submitted')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended')),
                ('amount', models.DecimalField(blank=True, decimal_places=2, max_digits=16, null=True, verbose_name='amount')),
                ('held', models.DecimalField(blank=True, decimal_places=2, max_digits=16, null=True, verbose_name='held by the bank')),
                ('bank', models.CharField(blank=True, max_length=64, verbose_name='bank')),
                ('account', telephony.sealing.SealedTextField(blank=True, verbose_name='scam account')),
                ('holder_name', telephony.sealing.SealedTextField(blank=True, verbose_name='account holder')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='dispatch.case', verbose_name='case')),
                ('submitted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'stop-payment order',
                'verbose_name_plural': 'stop-payment orders',
                'indexes': [models.Index(condition=models.Q(('state__in', ['drafted', 'submitted'])), fields=['due_at'], name='dispatch_order_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state__in', ['drafted', 'submitted'])), models.Q(models.Q(('state__in', ['drafted', 'submitted']), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='dispatch_order_open_has_not_ended'), models.UniqueConstraint(condition=models.Q(('state__in', ['drafted', 'submitted'])), fields=('case', 'kind'), name='dispatch_order_one_open_per_case_and_kind')],
            },
        ),
        migrations.CreateModel(
            name='Sum',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('at_risk', 'at risk'), ('lost', 'lost'), ('protected', 'protected')], max_length=12, verbose_name='sum')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=16, verbose_name='amount')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('said_by', models.CharField(max_length=64, verbose_name='who said so')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sums', to='dispatch.case')),
            ],
            options={
                'verbose_name': 'sum',
                'verbose_name_plural': 'sums',
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='dispatch_sum_is_not_negative')],
            },
        ),
    ]
