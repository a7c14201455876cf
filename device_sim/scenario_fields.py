"""A table of a scenario file in, its values out, one key at a time; every mistake is told with file, field and mend."""

import re
from typing import Any, Final

from device_sim.errors import ScenarioError

SECONDS_MAX: Final = 31 * 86_400.0  # a month: a longer one is a slip of the pen
LENGTH_MIN_S: Final = 0.001  # no band tells a shorter one from none, and lengths are drawn by their logarithm
REPEAT_MIN_S: Final = 10.0  # what comes again sooner is a slip of the pen, and costs as much each time

Range = tuple[float, float]


class Fields:
    """Takes a table apart key by key; whatever is left over at the end is unknown.

    ``file`` and ``where`` ("wearer 2: episode 1: ") begin every message. Every method raises ScenarioError.
    """

    def __init__(self, table: dict[str, Any], *, file: str, where: str = "") -> None:
        self._rest = dict(table)
        self._file = file
        self._where = where

    @property
    def place(self) -> str:
        """Which table it is: "mine.toml: wearer 2: episode 1"."""
        return f"{self._file}: {self._where}".removesuffix(": ")

    def has(self, key: str) -> bool:
        """Whether ``key`` is there and was not taken yet."""
        return key in self._rest

    def number(
        self,
        key: str,
        *,
        default: float | None = None,
        low: float = 0.0,
        high: float = SECONDS_MAX,
        least: float = 0.0,
        whole: bool = False,
    ) -> float:
        """Take the number of ``key``, within ``low`` and ``high``; without a default it must be there. More than 0 it
        must be ``least`` or more."""
        value = self._take(key, default)
        return self._checked(key, value, low, high, least=least, whole=whole)

    def range(
        self, key: str, *, default: Range, low: float = 0.0, high: float = SECONDS_MAX, least: float = 0.0
    ) -> Range:
        """Take a number, or ``[least, most]``, within ``low`` and ``high``; each as ``number`` has it."""
        value = self._rest.pop(key, list(default))
        if not isinstance(value, list):
            value = [value, value]
        if len(value) != 2:
            raise self.wrong(key, f"must be a number or [least, most], got {value!r}")
        first, last = (self._checked(key, one, low, high, least=least) for one in value)
        if first > last:
            raise self.wrong(key, f"its least ({first:g}) must not be more than its most ({last:g})")
        return first, last

    def choice(self, key: str, allowed: tuple[str, ...], *, default: str | None = None) -> str:
        """Take one of ``allowed``."""
        value = self._rest.pop(key, default)
        if value not in allowed:
            raise self.wrong(key, f"must be one of {', '.join(allowed)}; got {value!r}")
        return str(value)

    def text(self, key: str, *, default: str) -> str:
        """Take any text."""
        value = self._rest.pop(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, f"must be text, got {value!r}")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """Take a list of names, each once; none where it is not there."""
        value = self._rest.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self.wrong(key, f'must be a list of names such as ["band-01"], got {value!r}')
        if len(set(value)) < len(value):
            raise self.wrong(key, f"names one of them twice: {', '.join(value)}")
        return tuple(value)

    def time_of_day(self, key: str) -> float | None:
        """Take a time of day such as "07:30" in seconds after midnight; None where there is none."""
        if key not in self._rest:
            return None
        value = self._rest.pop(key)
        told = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value, re.ASCII) if isinstance(value, str) else None
        if told is None:
            raise self.wrong(key, f'must be a time of day such as "07:30", got {value!r}')
        return int(told[1]) * 3600.0 + int(told[2]) * 60.0

    def tables(self, key: str, *, shown: str) -> tuple["Fields", ...]:
        """Take the tables of ``key``, if there are any; ``shown`` is how they are written, such as [[wearer]]."""
        value = self._rest.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, f"must be {shown} tables")
        return tuple(Fields(one, file=self._file, where=f"{self._where}{key} {i}: ") for i, one in enumerate(value, 1))

    def nothing_left(self) -> None:
        """Refuse whatever nobody took."""
        for key in self._rest:
            raise self.wrong(key, "is no key that is known here; take it out or mend its spelling")

    def wrong(self, key: str, mend: str) -> ScenarioError:
        """Return the error that says where ``key`` stands and what would be right."""
        return ScenarioError(f"{self._file}: {self._where}{key}: {mend}")

    def _take(self, key: str, default: float | None) -> object:
        value = self._rest.pop(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        return value

    def _checked(
        self, key: str, value: object, low: float, high: float, *, least: float = 0.0, whole: bool = False
    ) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # NaN
            raise self.wrong(key, f"must be a number, got {value!r}")
        if not low <= value <= high or (whole and value != round(value)):
            raise self.wrong(key, f"must be a{' whole' * whole} number from {low:g} to {high:g}, got {value!r}")
        if 0 < value < least:
            raise self.wrong(key, f"must be 0 or at least {least:g}, got {value!r}")
        return float(value)
