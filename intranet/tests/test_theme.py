import pytest
from django.contrib.staticfiles import finders

from intranet.theme import THEME

WHITE, DARK_PAGE = "#ffffff", "#101828"


def luminance(colour):
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


class TestColours:
    @pytest.mark.parametrize(("shade", "page"), [("600", WHITE), ("500", DARK_PAGE)])
    def test_are_legible(self, shade, page):
        assert contrast(THEME["COLORS"]["primary"][shade], page) >= 4.5


class TestFiles:
    @pytest.mark.parametrize("name", ["icon.svg", "theme.css", "keyboard.js"])
    def test_exist(self, name):
        assert finders.find(f"intranet/{name}")
