"""What a page of Chromium shows in; a PNG of its 256 commonest colours, a fifth of the size, out."""

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

FOLDER = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, UPRIGHT, HAND = (1280, 800), (800, 1280), (390, 844)
TALL = 3000
"""Pixels of a long page that are kept: what is below them looks like what is above."""
PIXELS = """async (shot) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${shot}`)).blob());
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  let text = "";
  for (let i = 0; i < data.length; i += 32768) text += String.fromCharCode(...data.subarray(i, i + 32768));
  return [width, height, btoa(text)];
}"""


def keep(page: Page, path: Path, *, whole: bool = False) -> None:
    """Write what ``page`` shows to ``path``, or the ``whole`` of it as far as one may scroll, and close its context."""
    shot = base64.b64encode(page.screenshot(full_page=whole)).decode()
    counter = page.context.browser.new_page()  # type: ignore[union-attr]
    width, height, pixels = counter.evaluate(PIXELS, shot)
    counter.close()
    page.context.close()
    rgb = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(-1, 4)[: TALL * width, :3]
    height = min(height, TALL)
    colours, place, count = np.unique(rgb, axis=0, return_inverse=True, return_counts=True)
    palette = colours[np.argsort(-count, kind="stable")[:256]]
    apart = ((colours[:, None].astype(np.int64) - palette.astype(np.int64)) ** 2).sum(-1)
    lines = apart.argmin(1).astype(np.uint8)[place.ravel()].reshape(height, width)
    unfiltered = np.concatenate([np.zeros((height, 1), np.uint8), lines], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(unfiltered, 9)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
