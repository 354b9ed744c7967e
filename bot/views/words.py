"""Knows how amounts are put into words: sizes, lengths of time, numbers, sparklines. Knows not what they count."""

from collections.abc import Sequence
from datetime import timedelta

_BARS = "▁▂▃▄▅▆▇█"
_TOO_EARLY, _EARLY, _A_LITTLE = 0.5, 3.0, 0.05
"""Seconds until a speed says anything, and until it does of less than this share: starting is slower than the rest."""


def size(octets: float) -> str:
    """Bytes as people read them, in powers of ten: `12.3 MB`."""
    value = float(octets)
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(value) < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def speed(done: float, total: float | None, took: timedelta) -> str:
    """How fast so many bytes were done, and how long the rest will take: ` · 2.0 MB/s · 4 s left`, or '' too early."""
    seconds = took.total_seconds()
    if not done or seconds <= _TOO_EARLY or (seconds < _EARLY and done < _A_LITTLE * (total or 0)):
        return ""
    rate = done / seconds
    left = f" · {span(timedelta(seconds=(total - done) / rate))} left" if total and total > done else ""
    return f" · {size(rate)}/s{left}"


def span(length: timedelta) -> str:
    """A length of time in its two largest units: `2 d 4 h`, `3 min 20 s`, `under a second`."""
    seconds = abs(length).total_seconds()
    if seconds < 1:
        return "under a second"
    parts: list[str] = []
    for name, unit in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        whole, seconds = divmod(seconds, unit)
        if whole or parts:
            parts.append(f"{whole:.0f} {name}" if whole else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)


def number(count: float) -> str:
    """A count with its thousands apart: `1,234,567`."""
    return f"{count:,.0f}"


def signed(count: int) -> str:
    """A difference: `+3`, `−12`, `0`."""
    return f"+{count:,}" if count > 0 else f"−{-count:,}" if count < 0 else "0"


def many(count: int, one: str, several: str = "") -> str:
    """A count with its noun: `1 finding`, `3 findings`."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a row, with what is left out said: `users, posts and 3 more`."""
    if len(names) <= 1:
        return "".join(names)
    shown, rest = list(names[:most]), len(names) - most
    return f"{', '.join(shown)} and {rest} more" if rest > 0 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def sparkline(values: Sequence[float]) -> str:
    """A row of bars, lowest to highest; flat in the middle where all are the same."""
    if not values:
        return ""
    low, high = min(values), max(values)
    if low == high:
        return _BARS[3] * len(values)
    return "".join(_BARS[round((value - low) / (high - low) * (len(_BARS) - 1))] for value in values)
