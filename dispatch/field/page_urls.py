"""The officers' page, under /field/."""

from django.urls import path

from dispatch.field import page

urlpatterns = [
    path("", page.page, name="field-page"),
    path("worker.js", page.worker, name="field-worker"),
    path("manifest.webmanifest", page.manifest, name="field-manifest"),
]
