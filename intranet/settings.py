"""Settings: everything that differs between installations comes from the environment.

Unconfigured means local development. Setting SECRET_KEY is the step to production.
"""

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from .logs import logging_of
from .theme import THEME, content_security_policy

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# --- Development or production ---------------------------------------------------------------

DEBUG = not env.str("SECRET_KEY", default="")
PRODUCTION = not DEBUG
SECRET_KEY = env.str("SECRET_KEY", default="") or "local-development-only-never-on-a-network"
SITE_URL = env.str(
    "SITE_URL", default="https://localhost" if PRODUCTION else "http://localhost:8000"
).rstrip("/")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", urlsplit(SITE_URL).hostname]
)

# --- Applications ----------------------------------------------------------------------------

FILE_CLEANUP = env.str("FILE_CLEANUP", default="receiver")
RQ_URL = env.str("RQ_URL", default="")  # a Redis, if RQ does the long work: see production.md
FLOORS = ["staff", "documents"]  # above the first, each knowing those before it
FLOOR_URLS = ["staff.urls", "documents.urls"]
INSTALLED_APPS = [
    "intranet",  # first, so that its templates win over the theme's
    *FLOORS,
    "unfold.apps.BasicAppConfig",  # without a site of its own: it is in intranet/site.py
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "intranet.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",  # whose templates are looked for where all are
    "import_export",
    "csp",
    "django_tasks",
    *(["django_rq"] if RQ_URL else []),
    "axes",  # after staff, which records a failed sign-in before it is counted
]
if FILE_CLEANUP == "django-cleanup":
    INSTALLED_APPS.append("django_cleanup.apps.CleanupConfig")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    *(["whitenoise.middleware.WhiteNoiseMiddleware"] if PRODUCTION else []),
    "django.middleware.gzip.GZipMiddleware",
    "intranet.access.sessions.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "intranet.languages.LanguageMiddleware",
    "intranet.trace.action.ActionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "intranet.vetoes.VetoMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "intranet.files.limits.RequestSizeMiddleware",  # before anything reads the body
    "axes.middleware.AxesMiddleware",
    "intranet.admin.once.OnceMiddleware",
    "intranet.errors.NotFoundMiddleware",
]

ROOT_URLCONF = "intranet.urls"

FORM_RENDERER = "intranet.drawing.Renderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- What the theme shows of the floors ------------------------------------------------------

UNFOLD = THEME | {
    "SITE_SUBHEADER": _("People, papers and posts"),
    "ACCOUNT": {
        "navigation": [
            {"title": _("Language"), "link": reverse_lazy("language")},
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": _("Sign out everywhere"), "link": reverse_lazy("sign_out_everywhere")},
        ]
    },
    "LOGIN": {"form": "intranet.access.signing_in.SignInForm"},
    "COMMAND": {
        "search_models": False,  # one letter would read whole tables
        "search_callback": "staff.palette.find_people",
    },
}

# --- Database --------------------------------------------------------------------------------

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",  # not shown
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
    }
else:
    max_age = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"] |= {"CONN_MAX_AGE": max_age, "CONN_HEALTH_CHECKS": True}
PROGRESS = "intranet_progress"  # how far work is: a table, or the name of what a cache keeps
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People and sign-in ----------------------------------------------------------------------

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = [
    "intranet.access.signing_in.Throttle",
    "intranet.access.signing_in.SignInBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_ENGINE = "intranet.access.sessions"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
STAFF_DEFAULT_GROUP = env.str("STAFF_DEFAULT_GROUP", default="User")
HISTORY_KEEP_DAYS = env.int("HISTORY_KEEP_DAYS", default=730)
SIGN_IN_KEEP_DAYS = env.int("SIGN_IN_KEEP_DAYS", default=90)

# Failures are counted in the database, for all processes, by name and address together: nobody
# can lock out somebody who sits elsewhere.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_COOL_OFF_MINUTES", default=15))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "intranet.access.signing_in.locked_out"
AXES_CLIENT_IP_CALLABLE = "intranet.access.client.throttled_address"
AXES_DISABLE_ACCESS_LOG = True  # staff.SignIn is that
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# The library's defaults let everybody who signs in import and export.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "change"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"

# No cache: the theme would keep what the command palette found for five minutes, rights or not.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
    "progress": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": PROGRESS,
        "OPTIONS": {"MAX_ENTRIES": 10_000},  # beyond which any may be dropped
    },
}
if RQ_URL:
    CACHES["progress"] = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    _wait = {"socket_timeout": 1, "socket_connect_timeout": 1}  # seconds
    CACHES["progress"] |= {"LOCATION": RQ_URL, "KEY_PREFIX": PROGRESS, "OPTIONS": _wait}
elif DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":  # one writes at a time
    _folder = f"{DATABASES['default']['NAME']}-progress"
    _files = "django.core.cache.backends.filebased.FileBasedCache"
    CACHES["progress"] |= {"BACKEND": _files, "LOCATION": _folder}

# --- Work beside the page --------------------------------------------------------------------

WORK_LEASE = env.int("WORK_LEASE", default=60)  # seconds until work of a killed worker is taken up
TASKS = {"default": {"BACKEND": "intranet.tasks.backend.QueueBackend"}}
if RQ_URL:
    TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
    RQ = {"JOB_CLASS": "django_tasks_rq.Job"}
    RQ_QUEUES = {"default": {"URL": RQ_URL, "DEFAULT_TIMEOUT": 24 * 60 * 60}}
TASKS["default"]["BACKEND"] = env.str("TASKS_BACKEND", default=TASKS["default"]["BACKEND"])

# --- Files -----------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
MEDIA_URL = "media/"
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / "media"))
STORAGES = {
    "default": {"BACKEND": "intranet.files.disk.DiskStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_STORAGE = env.str("MEDIA_STORAGE", default="disk")
S3_ORIGINS = []  # where links to files lead
if MEDIA_STORAGE == "s3":  # see requirements-s3.txt
    S3_BUCKET = env.str("S3_BUCKET")
    S3_REGION = env.str("S3_REGION", default="us-east-1")
    S3_ENDPOINT = env.str("S3_ENDPOINT", default="")  # empty for Amazon's own
    S3_ADDRESSING_STYLE = env.str(
        "S3_ADDRESSING_STYLE", default="path" if S3_ENDPOINT else "virtual"
    )
    STORAGES["default"] = {
        "BACKEND": "intranet.files.bucket.BucketStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "region_name": S3_REGION,
            "endpoint_url": S3_ENDPOINT or None,
            "access_key": env.str("S3_ACCESS_KEY", default=None),
            "secret_key": env.str("S3_SECRET_KEY", default=None),
            "location": env.str("S3_LOCATION", default=""),
        },
    }
    _amazon = [f"https://{S3_BUCKET}.s3.{name}amazonaws.com" for name in ("", f"{S3_REGION}.")]
    S3_ORIGINS = env.list("S3_ORIGINS", default=[S3_ENDPOINT] if S3_ENDPOINT else _amazon)
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_MB", default=10) * 1024 * 1024  # of one file
# A form holds a few files at once, and text; without a session there are no files to send.
REQUEST_MAX_BYTES = 5 * UPLOAD_MAX_BYTES + 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = REQUEST_MAX_BYTES  # nothing is spooled to a disk that may be full
ANONYMOUS_REQUEST_MAX_BYTES = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # one hidden field a row when many are deleted at once
# Seconds; in production what a row of a backup names is still there when the files are copied.
FILE_REMOVAL_GRACE = env.int("FILE_REMOVAL_GRACE", default=60 * 60 if PRODUCTION else 0)
FILE_REMOVAL_KEEP_DAYS = env.int("FILE_REMOVAL_KEEP_DAYS", default=30)
SWEEP_HOUR = env.int("SWEEP_HOUR", default=3)  # from then on the worker compares files and rows

# --- Mail ------------------------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))  # EMAIL_HOST and the like
MAIL_TRANSPORT = EMAIL_BACKEND.replace("django.core.mail.backends.smtp", "intranet.outbox.smtp")  # noqa: F821
EMAIL_BACKEND = "intranet.outbox.mail.OutboxBackend"
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)  # seconds
MAIL_LEASE = env.int("MAIL_LEASE", default=300)  # seconds a worker may hold one mail
DIGEST_HOUR = env.int("DIGEST_HOUR", default=6)  # from then on the worker mails what needs doing
MAIL_KEEP_DAYS = env.int("MAIL_KEEP_DAYS", default=90)
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default=f"Intranet <intranet@{urlsplit(SITE_URL).hostname}>"
)
SERVER_EMAIL = parseaddr(DEFAULT_FROM_EMAIL)[1]
ADMINS = [("Operator", address) for address in env.list("ADMINS", default=[])]

# --- Language and time -----------------------------------------------------------------------

LANGUAGE_CODE = env.str(
    "LANGUAGE_CODE", default="en-gb"
)  # of the worker, of commands, and of mails to whoever chose none
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch"), ("fr", "Français")]
FORMAT_MODULE_PATH = "intranet.formats"
USE_THOUSAND_SEPARATOR = True  # what is no number to read, such as a key, a template unlocalizes
LOCALE_PATHS = [BASE_DIR / "intranet" / "locale"]  # the texts of all floors; see CONTRIBUTING.md
TIME_ZONE = env.str("TIME_ZONE", default="Europe/London")

# --- Security --------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000) if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.bool("HSTS_WHOLE_DOMAIN", default=False)
# One host must not decide for its whole domain, so these two warnings do not apply.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
CSRF_FAILURE_VIEW = "intranet.admin.signed_out.csrf_failure"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
CONTENT_SECURITY_POLICY = content_security_policy(pictures_from=S3_ORIGINS)

# --- Logging ---------------------------------------------------------------------------------

LOGGING = logging_of(["intranet", *FLOORS])
