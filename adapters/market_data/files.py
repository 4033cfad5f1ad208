"""Candle files by path: read, written once, and told apart."""

from hashlib import sha256
from pathlib import Path

from adapters.candles import DataError, load, save
from simulator.candles import COLUMNS, Candles

SUFFIX = ".parquet"
FINGERPRINT_DIGITS = 12


def candle_file(path: Path) -> Candles:
    """Read the candle file *path*.

    Raises:
        DataError: It is not there, or cannot be used.
    """
    if path.suffix != SUFFIX:
        raise DataError(f"{path}: not a candle file (.parquet); `data import` makes one of it")
    return load(path.parent, path.stem)


def candle_files(path: Path) -> list[Path]:
    """Return *path*, or the candle files in the folder *path*, sorted by name.

    Raises:
        DataError: There is nothing there.
    """
    if not path.is_dir():
        return [path]
    found = sorted(path.glob(f"*{SUFFIX}"))
    if not found:
        raise DataError(f"{path}: holds no {SUFFIX} file")
    return found


def free(folder: Path, symbol: str, *, force: bool) -> None:
    """Check that `<folder>/<symbol>.parquet` may be written.

    Raises:
        DataError: It is there already, and *force* is false.
    """
    path = folder / f"{symbol}{SUFFIX}"
    if path.exists() and not force:
        raise DataError(f"{path}: is there already; give another --out, or --force to replace it")


def keep(candles: Candles, folder: Path, *, force: bool) -> Path:
    """Write *candles* to `<folder>/<symbol>.parquet`, at once or not at all.

    Raises:
        CandleError: *candles* contradict themselves.
        DataError: The file is there already and *force* is false, or its name cannot be one.
    """
    free(folder, candles.symbol, force=force)
    return save(candles, folder)


def fingerprint(candles: Candles) -> str:
    """Return 12 hexadecimal digits that tell these candles from others, however they are stored.

    They begin the SHA-256 of symbol, venue, start, step and decimals, a line each, and of the
    columns as little-endian int64.
    """
    names = ("symbol", "venue", "start_ms", "step_ms", "price_dp", "volume_dp")
    digest = sha256("".join(f"{getattr(candles, name)}\n" for name in names).encode())
    for name in COLUMNS:
        digest.update(getattr(candles, name).astype("<i8").tobytes())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]
