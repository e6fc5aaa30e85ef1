"""Pillow: every format that it can write, read again, and text in its default font."""

import io

from PIL import Image, ImageDraw, ImageFilter, ImageFont, features

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("pillow")


@dag.task
def work() -> list:
    image = Image.new("RGB", (16, 16), "navy")
    ImageDraw.Draw(image).text((1, 1), "hi", fill="white", font=ImageFont.load_default(10))
    image = image.filter(ImageFilter.GaussianBlur(1))
    sizes = {}
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "PDF", "AVIF", "JPEG2000"):
        buffer = io.BytesIO()
        image.save(buffer, kind)
        sizes[kind] = (
            Image.open(io.BytesIO(buffer.getvalue())).size if kind != "PDF" else buffer.getvalue()[:4].decode()
        )
    Image.init()
    supported = {*features.get_supported()} - {"tkinter"}  # which bundle files leave out
    return [sizes, len(Image.OPEN), len(Image.SAVE), sorted(supported)]
