"""Profile photos."""

from io import BytesIO
from uuid import uuid4

from django.core.files.base import File
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps

from intranet.uploads import IMAGES, CheckedFileField

SIDE = 512  # pixels


def photo_path(profile, filename: str) -> str:
    """Return the generated storage name of a profile photo."""
    return f"photos/{uuid4().hex}.jpg"


def square_photo(file: File) -> SimpleUploadedFile:
    """Return a photo that `check_upload` accepted as a square JPEG of at most 512 pixels a side.

    It is turned the right way up; where and when it was taken is left out.
    """
    file.seek(0)
    with Image.open(file, formats=["JPEG", "PNG"]) as image:
        image = ImageOps.exif_transpose(image).convert("RGBA")
    side = min(SIDE, *image.size)
    image = ImageOps.fit(image, (side, side))
    opaque = Image.new("RGB", image.size, "white")
    opaque.paste(image, mask=image)
    target = BytesIO()
    opaque.save(target, "JPEG", quality=85, optimize=True)
    return SimpleUploadedFile("photo.jpg", target.getvalue(), "image/jpeg")


class PhotoFormField(CheckedFileField):
    """A form field that takes a JPEG or PNG and gives the square JPEG to store."""

    accepted = IMAGES

    def to_python(self, data):
        file = super().to_python(data)
        return file and square_photo(file)

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "accept": "image/*"}  # the theme previews these
