"""Pixels as a PNG file, without a file."""

import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB8 = bytes([8, 2, 0, 0, 0])  # bits a sample, colour type, compression, filter, interlace
_LEVEL = 5


def encode(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return *pixels*, uint8 (rows, columns, 3), as a PNG file."""
    rows, columns, _ = pixels.shape
    lines = np.zeros((rows, 1 + 3 * columns), np.uint8)  # each line begins with its filter, none
    lines[:, 1:] = pixels.reshape(rows, -1)
    header = columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + _RGB8
    data = zlib.compress(lines.tobytes(), _LEVEL)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", data), _chunk(b"IEND", b""))
    return _SIGNATURE + b"".join(chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    """Return one chunk: length, name, data, checksum."""
    body = name + data
    return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
