"""Large pictures, pictures of many greys, and pictures as phones and scanners write them."""

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from intranet.tests import test_uploads_field
from staff.photos import PhotoFormField, eight_bit, square_photo

ORIENTATION = 0x0112
ON_LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")
MAKE = "import sys; from PIL import Image; Image.new(sys.argv[1], (10_000, 6_000)).save(sys.argv[2]"


def run(*arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True
    ).stdout


def made(content):
    return Image.open(square_photo(ContentFile(content)))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows, colour=0, *more):
    """Return a PNG of 16 bits a channel: rows of values, `colour` as in the header."""
    channels = {0: 1, 2: 3, 4: 2}[colour]
    width = len(rows[0]) // channels
    header = struct.pack(">IIBBBBB", width, len(rows), 16, colour, 0, 0, 0)
    data = b"".join(b"\0" + struct.pack(f">{len(row)}H", *row) for row in rows)
    chunks = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(data))]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, chunk(b"IEND", b"")])


def top_black(size, kind, turned, **options):
    """Return a picture that is black above and white below, with its orientation noted."""
    picture = Image.new("RGB", size, "white")
    picture.paste("black", (0, 0, size[0], size[1] // 2))
    exif = Image.Exif()
    exif[ORIENTATION] = turned
    target = BytesIO()
    picture.save(target, kind, exif=exif, **options)
    return target.getvalue()


@pytest.mark.slow
class TestSixtyMegapixels:
    @ON_LINUX
    @pytest.mark.parametrize(
        ("mode", "name", "options", "limit"),
        [
            ("RGB", "me.jpg", "", 100),
            ("RGB", "me.jfif", ", 'JPEG', progressive=True, subsampling=0", 450),
            ("CMYK", "me.jpg", ", progressive=True, subsampling=0", 550),
            ("RGBA", "me.png", "", 300),
            ("LA", "me.png", "", 300),
            ("P", "me.png", "", 150),
            ("I;16", "me.png", "", 200),
        ],
    )
    def test_a_photo_or_scan_takes_bounded_memory(self, tmp_path, mode, name, options, limit):
        picture = tmp_path / name
        run("-c", f"{MAKE}{options})", mode, str(picture))

        assert int(run("-m", "staff.tests.measure_picture", str(picture))) < limit

    @pytest.mark.parametrize(
        ("size", "reason"),
        [
            ((10_001, 6_000), "it has more than 60 million pixels"),
            ((60_000_000, 1), "it is longer than 65,535 pixels"),
        ],
    )
    def test_a_larger_one_is_refused_in_words(self, size, reason):
        content = bytearray(png([[0]]))
        content[16:24] = struct.pack(">II", *size)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))

        with pytest.raises(ValidationError, match=reason):
            PhotoFormField().clean(SimpleUploadedFile("me.png", bytes(content)))


class TestShrinking:
    @pytest.mark.parametrize("size", [(4_000, 3_001), (3_001, 4_000), (1_025, 9_000), (513, 700)])
    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_the_middle_is_kept_whatever_the_size(self, size, kind):
        image = made(top_black(size, kind, 1))

        assert image.size == (512, 512)
        assert [image.getpixel((256, row))[0] // 128 for row in (5, 230, 280, 505)] == [0, 0, 1, 1]

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "MPO"])
    def test_a_large_one_is_turned_the_right_way_up(self, kind):
        image = made(top_black((3_000, 4_000), kind, 6))  # what is above is to the right

        assert image.size == (512, 512)
        assert [image.getpixel((column, 256))[0] // 128 for column in (50, 450)] == [1, 0]

    @pytest.mark.parametrize("kind", ["JPEG", "PNG"])
    def test_one_whose_notes_are_nonsense_is_taken_as_it_is(self, kind):
        target = BytesIO()
        Image.new("RGB", (600, 600)).save(target, kind, exif=b"Exif\0\0no such thing")

        assert made(target.getvalue()).size == (512, 512)

    def test_no_seam_is_left_where_strips_meet(self):
        image = made(png([[0x8000] * 2_100] * 2_100))

        assert image.convert("L").getextrema() == (128, 128)

    def test_a_large_cmyk_jpeg(self):
        target = BytesIO()
        Image.new("CMYK", (3_000, 3_000), (0, 255, 255, 0)).save(target, "JPEG")

        red, green, blue = made(target.getvalue()).getpixel((256, 256))

        assert (red > 200, green < 60, blue < 60) == (True, True, True)


class TestSixteenBits:
    def test_a_grey_picture_keeps_its_greys(self):
        field = Path(test_uploads_field.__file__).parent / "field" / "grey16.png"

        assert made(field.read_bytes()).getpixel((20, 20)) == (128, 128, 128)

    def test_from_black_to_white(self):
        rows = [[0, 0x4000, 0x8000, 0xFFFF] * 2] * 8
        image = made(png([[value for value in row for _ in range(8)] for row in rows * 8]))

        greys = [image.getpixel((column, 32))[0] for column in (4, 12, 20, 28)]

        assert greys == pytest.approx([0, 64, 128, 255], abs=2)

    @pytest.mark.parametrize(
        ("colour", "pixel", "more"),
        [
            (0, [0x8000], [chunk(b"tRNS", struct.pack(">H", 0x1200))]),
            (2, [0x8000, 0x8000, 0x8000], []),
            (2, [0x8000] * 3, [chunk(b"tRNS", struct.pack(">3H", 0x12, 0x12, 0x12))]),
            (4, [0x8000, 0xFFFF], []),
        ],
        ids=["one grey transparent", "colour", "one colour transparent", "grey with alpha"],
    )
    def test_the_neighbours(self, colour, pixel, more):
        content = png([pixel * 16] * 16, colour, *more)

        assert made(content).getpixel((8, 8)) == pytest.approx((128, 128, 128), abs=1)

    def test_a_transparent_grey_takes_no_other_with_it(self):
        content = png([[0] * 16] * 16, 0, chunk(b"tRNS", struct.pack(">H", 0x8000)))

        assert made(content).getpixel((8, 8)) == (0, 0, 0)

    @pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
    def test_every_mode_that_holds_them(self, mode):
        assert eight_bit(Image.new(mode, (2, 2), 0x8000)).getpixel((0, 0)) == 128
