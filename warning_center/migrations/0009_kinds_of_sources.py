"""A source may be of a kind whose directives people enter by hand."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warning_center', '0008_scripts_stir'),
    ]

    operations = [
        migrations.AddField(
            model_name='source',
            name='kind',
            field=models.CharField(blank=True, db_default='', default='', max_length=16, verbose_name='kind'),
        ),
    ]
