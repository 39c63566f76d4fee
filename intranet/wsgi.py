"""Entry point for WSGI servers: `gunicorn intranet.wsgi`."""

import logging
import os

from django.core.wsgi import get_wsgi_application

from .logs import LinkMask

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "intranet.settings")
application = get_wsgi_application()
logging.getLogger("gunicorn.access").addFilter(LinkMask())  # gunicorn sets this log up itself
