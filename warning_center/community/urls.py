"""The addresses of community follow-up, under /community/."""

from django.urls import path

from warning_center.community import views

urlpatterns = [
    path("", views.checks, name="community"),
    path("enter", views.enter, name="community-enter"),
    path("give", views.give, name="community-give"),
    path("show", views.show, name="community-show"),
    path("paper", views.on_paper, name="community-paper"),
]
