"""The REST doors: sources, officers, and the description of both."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from warning_center.api import views

urlpatterns = [
    path("directives", views.DirectivesView.as_view(), name="api-directives"),
    path("directives/batch", views.BatchView.as_view(), name="api-directives-batch"),
    path("directives/<path:reference>", views.DirectiveView.as_view(), name="api-directive"),
    path("field/", include("dispatch.field.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    path(
        "redoc/",
        SpectacularRedocView.as_view(url_name="api-schema", template_name="api/redoc.html"),
        name="api-redoc",
    ),
]
