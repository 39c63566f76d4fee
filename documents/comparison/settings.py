"""The site's settings on a throw-away database and throw-away folders.

Only processes started by `launch.python()` use them; it sets the environment they read.
"""

from intranet.settings import *  # noqa: F403
from intranet.settings import DATABASES, INSTALLED_APPS, STORAGES, env

SCRATCH = env.str("COMPARISON_SCRATCH")  # a temporary folder
REMOTE = env.bool("COMPARISON_REMOTE", default=False)  # files on S3 instead of in a folder


class NoMigrations:
    """Creates the tables from the models, which is several times faster."""

    def __contains__(self, app_label):
        return True

    def __getitem__(self, app_label):
        return None


INSTALLED_APPS = [*INSTALLED_APPS, "documents.comparison"]
MIGRATION_MODULES = NoMigrations()
DEBUG = False
ALLOWED_HOSTS = ["testserver"]
SECURE_SSL_REDIRECT = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MAIL_TRANSPORT = "django.core.mail.backends.dummy.EmailBackend"
LOGGING_CONFIG = None
DATABASES = {"default": {**DATABASES["default"], "NAME": env.str("COMPARISON_DATABASE")}}
MEDIA_ROOT = f"{SCRATCH}/media"
SWEEP_HOUR = None
FILE_REMOVAL_GRACE = env.int("FILE_REMOVAL_GRACE", default=0)
STORAGES = {
    **STORAGES,
    "default": {"BACKEND": "intranet.files.disk.DiskStorage"},  # whatever the site's own may be
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "archive": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": f"{SCRATCH}/archive"},
    },
}
if REMOTE:
    from botocore.config import Config

    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": "comparison",
            "access_key": "none",
            "secret_key": "none",
            "region_name": "us-east-1",
            "file_overwrite": False,
            "client_config": Config(retries={"max_attempts": 0}, connect_timeout=2),
        },
    }
