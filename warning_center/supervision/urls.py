"""The addresses of the supervisors' pages, files and reports."""

from django.urls import path

from warning_center.supervision import files
from warning_center.supervision.pages import saved, views

urlpatterns = [
    path("", views.supervision, name="supervision"),
    path("cases", views.supervision_cases, name="supervision-cases"),
    path("cases.<str:kind>", files.cases, name="supervision-cases-file"),
    path("happened", views.happened, name="supervision-happened"),
    path("happened.<str:kind>", files.happened, name="supervision-happened-file"),
    path("definitions", views.defined, name="supervision-defined"),
    path("views/save", saved.save, name="supervision-save"),
    path("views/drop", saved.drop, name="supervision-drop"),
    path("reports", files.reports, name="supervision-reports"),
    path("reports/<int:pk>.pdf", files.report, name="supervision-report"),
    path("by/<slug:slug>", views.page, name="supervision-page"),
    path("overview.<str:kind>", files.tables, name="supervision-overview-file"),
    path("by/<slug:slug>.<str:kind>", files.tables, name="supervision-file"),
]
