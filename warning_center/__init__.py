"""The centre: what comes in, what we owe back, how well we do."""

from warning_center.celery import app as celery_app

__all__ = ["celery_app"]
