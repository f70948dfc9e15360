"""Every address of the centre."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path
from django.views.generic import RedirectView

from warning_center import health, login, pages
from warning_center.entry import views as entry

handler403 = "warning_center.pages.refused"

urlpatterns = [
    path("", pages.home, name="home"),
    path("login/", login.Login.as_view(), name="login"),
    path("login/code/", login.code_view, name="login-code"),
    path("logout/", auth.LogoutView.as_view(next_page="login"), name="logout"),
    path("language/", include("django.conf.urls.i18n")),
    path("entry/", entry.page, name="entry"),
    path("supervision/", include("warning_center.supervision.urls")),
    path("community/", include("warning_center.community.urls")),
    path("wallboard/", include("warning_center.supervision.wallboard.urls")),
    # one login for all roles
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/", admin.site.urls),
    path("health/", health.health, name="health"),
    path("health/live/", health.live, name="health-live"),
    path("api/v1/", include("warning_center.api.urls")),
    path("field/", include("dispatch.field.page_urls")),
    path("telephony/", include("telephony.urls")),
]
