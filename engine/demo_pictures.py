"""Pictures for the demonstration, drawn on the spot: a resident's signature and a photograph of a leak."""

import io
import math

from PIL import Image, ImageDraw


def signature() -> bytes:
    """A scribble such as a finger leaves on glass."""
    picture = Image.new("RGB", (480, 160), "white")
    curve = [(20 + 4 * step, 80 + 45 * math.sin(step / 5) * math.cos(step / 13)) for step in range(110)]
    ImageDraw.Draw(picture).line(curve, fill="#1a2b4c", width=4, joint="curve")
    return _png(picture)


def leak() -> bytes:
    """A pipe under a sink, with drops and a puddle."""
    picture = Image.new("RGB", (800, 600), "#d9d4c7")
    draw = ImageDraw.Draw(picture)
    for row in range(0, 600, 75):
        draw.line([(0, row), (800, row)], fill="#c4beae", width=3)
    draw.rectangle([360, 0, 430, 330], fill="#8d99a6", outline="#5b6670", width=4)
    draw.rectangle([340, 250, 450, 300], fill="#77838f", outline="#4a545d", width=4)
    for number, (left, top) in enumerate([(380, 340), (405, 400), (388, 455)]):
        draw.ellipse([left, top, left + 18 + number, top + 30], fill="#4f8fc0")
    draw.ellipse([230, 510, 570, 580], fill="#6ea6cf", outline="#4f8fc0", width=3)
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
