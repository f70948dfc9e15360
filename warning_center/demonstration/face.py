"""The face of an officer who does not exist, drawn: for the demonstration's badge, and for tests."""

import base64
import io

from PIL import Image, ImageDraw

SIZE = (320, 400)
NAVY, SKIN, GOLD, WALL = "#1d2f4f", "#e8c2a0", "#d8b04a", "#dfe7f1"


def drawn() -> str:
    """A small PNG as a data address: cap, face, shoulders."""
    picture = Image.new("RGB", SIZE, WALL)
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((40, 290, 280, 460), 60, fill=NAVY)
    pen.polygon([(130, 290), (190, 290), (160, 340)], fill="#f4f6fa")
    pen.polygon([(154, 318), (166, 318), (170, 390), (150, 390)], fill="#27344d")
    pen.rectangle((140, 250, 180, 300), fill="#d9b08d")
    pen.ellipse((95, 110, 225, 285), fill=SKIN)
    pen.rounded_rectangle((78, 88, 242, 142), 26, fill=NAVY)
    pen.rectangle((92, 132, 228, 150), fill="#14233c")
    pen.ellipse((146, 94, 174, 126), fill=GOLD)
    for left in (126, 178):
        pen.ellipse((left, 186, left + 16, 198), fill="#2a2320")
        pen.rectangle((left - 4, 172, left + 20, 176), fill="#4a3a30")
    pen.arc((138, 222, 182, 254), 20, 160, fill="#9a5b48", width=4)
    for left in (62, 226):
        pen.rounded_rectangle((left, 302, left + 34, 314), 4, fill=GOLD)
    made = io.BytesIO()
    picture.quantize(32).save(made, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(made.getvalue()).decode()}"
