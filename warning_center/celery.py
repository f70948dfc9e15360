"""Celery only carries out: beat ticks, workers do what the database says is due."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")

app = Celery("warning_center")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
