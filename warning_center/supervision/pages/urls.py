"""The addresses of the supervisors' pages."""

from django.urls import path

from warning_center.supervision.pages import saved, views

urlpatterns = [
    path("", views.supervision, name="supervision"),
    path("cases", views.supervision_cases, name="supervision-cases"),
    path("definitions", views.defined, name="supervision-defined"),
    path("views/save", saved.save, name="supervision-save"),
    path("views/drop", saved.drop, name="supervision-drop"),
    path("by/<slug:slug>", views.page, name="supervision-page"),
]
