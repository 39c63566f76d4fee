"""Files in an S3-compatible bucket, when MEDIA_STORAGE=s3 (needs requirements-s3.txt)."""

from urllib.parse import urljoin

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils.encoding import filepath_to_uri
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage
from storages.utils import safe_join

from ..wording import words_of
from .disk import Careful

LINK_SECONDS = 60


class BucketStorage(Careful, S3Storage):  # type: ignore[misc]  # the library has no types
    """Private files that are never overwritten.

    `url` is the site's own address, where rights are checked; `download_url` is the signed link
    to the bucket that whoever has them is sent on to.
    """

    failures = (BotoCoreError, Boto3Error, ClientError)

    def get_default_settings(self) -> dict[str, object]:
        patience = Config(
            signature_version="s3v4",
            connect_timeout=2,
            read_timeout=5,
            retries={"total_max_attempts": 2},
            s3={"addressing_style": settings.S3_ADDRESSING_STYLE},
        )
        defaults: dict[str, object] = super().get_default_settings()
        return defaults | {
            "file_overwrite": False,
            "default_acl": "private",
            "querystring_expire": LINK_SECONDS,
            "client_config": patience,
        }

    def url(self, name: str) -> str:
        return urljoin(settings.MEDIA_URL, filepath_to_uri(name).lstrip("/"))

    def download_url(self, name: str, filename: str, content_type: str | None) -> str:
        """Return a link that downloads a file as `filename`, for LINK_SECONDS from now."""
        answer = {
            "ResponseContentDisposition": content_disposition_header(True, filename),
            "ResponseContentType": content_type or "application/octet-stream",
            "ResponseCacheControl": "private, no-store",
        }
        link: str = super().url(name, parameters=answer)
        return link


def delete_many(storage: S3Storage, names: list[str]) -> dict[str, str]:
    """Delete up to 1,000 files in one request; return the error of each, "" if it is gone."""
    keys = {safe_join(storage.location, name): name for name in names}
    objects = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
    try:
        refused = storage.bucket.delete_objects(Delete=objects).get("Errors", []) if keys else []
    except (BotoCoreError, ClientError) as error:
        return dict.fromkeys(names, words_of(error))
    return dict.fromkeys(names, "") | {keys[it["Key"]]: it["Message"] for it in refused}
