from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from staff.photos import PhotoFormField, square_photo

ORIENTATION = 0x0112


def photo(size=(1200, 800), kind="JPEG", colour="teal", mode="RGB", **options):
    target = BytesIO()
    Image.new(mode, size, colour).save(target, kind, **options)
    return SimpleUploadedFile(f"me.{kind.lower()}", target.getvalue())


class TestSquarePhoto:
    def test_a_large_photo_becomes_a_jpeg_of_512_pixels(self):
        image = Image.open(square_photo(photo()))

        assert (image.format, image.size) == ("JPEG", (512, 512))

    def test_a_small_photo_is_not_enlarged(self):
        assert Image.open(square_photo(photo(size=(90, 60)))).size == (60, 60)

    def test_it_is_turned_the_right_way_up_and_exif_is_dropped(self):
        original = Image.new("RGB", (100, 100), "white")
        original.paste("black", (0, 0, 100, 50))
        exif = Image.Exif()
        exif[ORIENTATION] = 3  # upside down
        exif[0x010E] = "taken at home"
        target = BytesIO()
        original.save(target, "JPEG", exif=exif)

        image = Image.open(square_photo(SimpleUploadedFile("me.jpg", target.getvalue())))

        assert image.getpixel((50, 90)) < (60, 60, 60)
        assert not image.getexif()

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1"])
    def test_any_mode_of_png_is_taken(self, mode):
        image = Image.open(square_photo(photo(kind="PNG", mode=mode, colour=0)))

        assert image.mode == "RGB"


class TestPhotoFormField:
    def test_it_gives_the_photo_to_store(self):
        assert PhotoFormField().clean(photo()).size < 20_000

    def test_a_paper_is_no_photo(self):
        with pytest.raises(ValidationError, match="JPEG or PNG"):
            PhotoFormField().clean(SimpleUploadedFile("cv.pdf", b"%PDF-1.7 startxref %%EOF"))

    def test_it_can_stay_empty(self):
        assert PhotoFormField(required=False).clean(None) is None
