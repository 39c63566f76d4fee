"""Profile photos."""

from io import BytesIO
from uuid import uuid4

from django.core.files.base import File
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import ExifTags, Image, ImageOps
from unfold.widgets import CHECKBOX_CLASSES, UnfoldAdminFileFieldWidget

from intranet.files.uploads import GENERATED, IMAGES, CheckedFileField

SIDE = 512  # pixels
STRIP = 32  # rows of the smaller picture, made at once


def photo_path(profile, filename: str) -> str:
    """Return the generated storage name of a profile photo."""
    return f"photos/{uuid4().hex}.jpg"


PHOTO_NAMES = rf"photos/{GENERATED}\.jpg"


def square_photo(file: File) -> SimpleUploadedFile:
    """Return a photo that `check_upload` accepted as a square JPEG of at most 512 pixels a side.

    It is turned the right way up; where and when it was taken is left out.
    """
    file.seek(0)
    with Image.open(file, formats=["JPEG", "PNG"]) as image:
        image.draft(None, (2 * SIDE, 2 * SIDE))  # decodes a large JPEG at a half, quarter or eighth
        image = ImageOps.exif_transpose(middle(image))
    image.thumbnail((SIDE, SIDE))
    opaque = Image.new("RGB", image.size, "white")
    opaque.paste(image, mask=image)
    target = BytesIO()
    opaque.save(target, "JPEG", quality=85, optimize=True)
    return SimpleUploadedFile("photo.jpg", target.getvalue(), "image/jpeg")


def middle(image: Image.Image) -> Image.Image:
    """Return the square in the middle in RGBA, of 512 pixels a side or more if there are as many.

    It is made strip by strip, so that a large picture is in memory once, as it was decoded.
    """
    whole = min(image.size)
    factor = max(1, whole // (2 * SIDE))
    left, top = ((side - whole) // 2 for side in image.size)
    square = Image.new("RGBA", (-(-whole // factor),) * 2)
    for start in range(0, whole, factor * STRIP):
        end = min(start + factor * STRIP, whole)
        strip = image.crop((left, top + start, left + whole, top + end))
        square.paste(eight_bit(strip).convert("RGBA").reduce(factor), (0, start // factor))
    square.getexif()[ExifTags.Base.Orientation] = orientation(image)
    return square


def orientation(image: Image.Image) -> int:
    """Return which way up the camera says that it was held; 1 where it does not make sense."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # the parser raises whatever it likes
        return 1


def eight_bit(image: Image.Image) -> Image.Image:
    """Return 16-bit grey as 8-bit grey, which Pillow's own conversion clips to white."""
    if not image.mode.startswith("I"):
        return image
    grey = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    grey.info.pop("transparency", None)  # names one of 65,536 greys
    return grey


class PhotoWidget(UnfoldAdminFileFieldWidget):
    """Shows the picture, not the name of its file."""

    template_name = "staff/photo_input.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        if context["widget"]["is_initial"]:
            context["widget"] |= {"is_initial": False, "value": None}
            context |= {"photo": value, "checkbox_class": " ".join(CHECKBOX_CLASSES)}
        return context


class PhotoFormField(CheckedFileField):
    """A form field that takes a JPEG or PNG and gives the square JPEG to store."""

    accepted = IMAGES

    def to_python(self, data):
        file = super().to_python(data)
        return file and square_photo(file)

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "accept": "image/*"}  # the theme previews these
