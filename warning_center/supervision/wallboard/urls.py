"""The addresses of the wallboard."""

from django.urls import path

from warning_center.supervision.wallboard import views

urlpatterns = [
    path("", views.wall, name="wallboard"),
    path("now", views.now, name="wallboard-now"),
    path("login", views.login, name="wallboard-login"),
]
