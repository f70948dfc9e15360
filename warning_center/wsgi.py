"""The web server's door."""

import os

from django.core.wsgi import get_wsgi_application

from warning_center import longlived

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "warning_center.settings")
application = get_wsgi_application()
longlived.settle()
