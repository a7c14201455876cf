"""Seconds in, how many packets may be sent again out: so many in a second, and a bounded burst. Reads no clock."""


class Pace:
    """Allows ``hz`` packets in a second, and never more than ``burst`` at once."""

    def __init__(self, *, hz: float, burst: int, now_s: float) -> None:
        self._hz, self._burst = hz, burst
        self._allowance, self._at_s = 0.0, now_s

    @property
    def room(self) -> int:
        """Packets that may go now."""
        return int(self._allowance)

    def pass_time(self, now_s: float) -> None:
        """It is ``now_s`` [s, monotonic]."""
        self._allowance = min(self._allowance + (now_s - self._at_s) * self._hz, float(self._burst))
        self._at_s = now_s

    def spend(self) -> None:
        """A packet goes."""
        self._allowance -= 1
