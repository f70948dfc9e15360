"""The officers' addresses, under /api/v1/field/."""

from django.urls import path

from dispatch.field import views

urlpatterns = [
    path("token", views.TokenView.as_view(), name="field-token"),
    path("visits", views.VisitsView.as_view(), name="field-visits"),
    path("visits/<int:visit>", views.VisitView.as_view(), name="field-visit"),
    path("visits/<int:visit>/acknowledge", views.AcknowledgeView.as_view(), name="field-acknowledge"),
    path("visits/<int:visit>/arrive", views.ArriveView.as_view(), name="field-arrive"),
    path("visits/<int:visit>/report", views.ReportView.as_view(), name="field-report"),
]
