

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('desk', '0006_unscanned'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='submission_id',
            field=models.CharField(blank=True, max_length=64),
        ),
    ]
