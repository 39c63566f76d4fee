FROM python:3.14-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# pg_dump and pg_restore, for the commands backup and restore. Debian keeps one version of them
# for each of its releases.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends -y postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /srv/intranet intranet \
    && install -d -o intranet -g intranet /srv/intranet/media

WORKDIR /srv/intranet
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY . .
# The key of this one command signs nothing that stays.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    python manage.py collectstatic --noinput

USER 10001
VOLUME /srv/intranet/media
EXPOSE 8000
# Any answer but an error of the server will do: without a proxy in front it is a redirect to HTTPS.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "\
from http.client import HTTPConnection as C; \
c = C('127.0.0.1', 8000, timeout=4); \
c.request('GET', '/admin/login/', headers={'X-Forwarded-Proto': 'https'}); \
raise SystemExit(c.getresponse().status >= 500)"]
CMD ["gunicorn", "intranet.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--timeout", "120", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
