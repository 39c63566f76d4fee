"""Drawn faces for the demo's people: friendly, varied, and nobody's."""

import colorsys
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

SIZE = 256  # pixels, both ways
SCALE = 2  # drawn larger, then reduced, for smooth edges


def colour(hue: float, saturation: float, value: float) -> tuple[int, ...]:
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))


def avatar(rng: Random) -> bytes:
    """Return a square JPEG of SIZE pixels with a face that only `rng` decides about."""
    hue = rng.random()
    skin = colour(rng.uniform(0.05, 0.09), rng.uniform(0.32, 0.6), rng.uniform(0.5, 0.97))
    hair = colour(rng.uniform(0, 0.12), rng.uniform(0.2, 0.7), rng.uniform(0.12, 0.75))
    image = Image.new("RGB", (SIZE * SCALE, SIZE * SCALE), colour(hue, 0.28, 0.93))
    draw = ImageDraw.Draw(image)

    def shape(kind, *box, fill, **options):
        getattr(draw, kind)([SCALE * edge for edge in box], fill=fill, **options)

    style = rng.choice(["short", "long", "bun", "curls", "none"])
    shape("ellipse", -40 + rng.randrange(60), -60, 300, 190, fill=colour(hue, 0.18, 0.97))
    if style == "long":
        shape("rounded_rectangle", 68, 60, 188, 205, fill=hair, radius=60 * SCALE)
    if style == "bun":
        shape("ellipse", 102, 18, 154, 70, fill=hair)
    shape("ellipse", 36, 190, 220, 360, fill=colour(hue + rng.uniform(0.3, 0.7), 0.55, 0.72))
    shape("rounded_rectangle", 108, 150, 148, 215, fill=skin, radius=20 * SCALE)
    if style == "curls":
        for x in range(62, 170, 18):
            shape("ellipse", x, 44 + abs(x - 110) // 3, x + 42, 86 + abs(x - 110) // 3, fill=hair)
    if style != "none":
        shape("ellipse", 72, 48, 184, 160, fill=hair)
    shape("ellipse", 78, 68, 178, 180, fill=skin)
    if style in ("short", "long", "bun"):
        shape("chord", 74, 52, 182, 142, fill=hair, start=188, end=352)
    for x in (108, 148):
        shape("ellipse", x - 5, 114, x + 5, 126, fill=(40, 35, 40))
    shape("arc", 106, 118, 150, 156, fill=(120, 45, 50), start=25, end=155, width=4 * SCALE)
    if rng.random() < 0.3:
        for x in (108, 148):
            shape(
                "ellipse",
                x - 17,
                103,
                x + 17,
                137,
                fill=None,
                outline=(60, 60, 70),
                width=3 * SCALE,
            )
        shape("line", 125, 118, 131, 118, fill=(60, 60, 70), width=3 * SCALE)
    file = BytesIO()
    image.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(file, "JPEG", quality=88)
    return file.getvalue()
