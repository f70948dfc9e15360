"""The line's addresses: where carriers call back."""

from django.urls import path

from telephony import webhooks

urlpatterns = [
    path("<slug:carrier>/<uuid:key>/<slug:event>", webhooks.callback, name="telephony-callback"),
]
