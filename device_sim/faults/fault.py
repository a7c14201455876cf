"""A ``[[fault]]`` table of a scenario, or words of a command line, in; a ``Fault`` out: what breaks, where and when."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from device_sim.errors import ScenarioError
from device_sim.scenario_fields import LENGTH_MIN_S, REPEAT_MIN_S, SECONDS_MAX, Fields

ALL: Final = frozenset(("mqtt", "ble", "e4", "parquet"))  # what happens to a body or a sensor is in every way out
LIVE: Final = frozenset(("mqtt", "ble"))
MQTT: Final = frozenset(("mqtt",))
PLACES: Final = ("radio", "wire")


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that a kind of fault has: what is usual, and what can be."""

    usual: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FaultKind:
    """Where a kind of fault acts (``layer``: body, band, radio, gateway or wire), which ``transports`` can do it, its
    own ``settings``, and how long it usually lasts. ``value`` is the setting that the truth tells."""

    layer: str
    transports: frozenset[str]
    settings: dict[str, Setting] = field(default_factory=dict)
    hold_s: float = 60.0
    value: str = ""


# The sizes are our choice: large enough to be seen within minutes, small enough to happen.
FAULTS: Final[dict[str, FaultKind]] = {
    "loss": FaultKind("radio", MQTT, {"share": Setting(0.1, 0, 1)}, value="share"),
    "duplicates": FaultKind("wire", MQTT, {"share": Setting(0.2, 0, 1)}, value="share"),
    "reordering": FaultKind(
        "wire", MQTT, {"share": Setting(0.2, 0, 1), "delay_s": Setting(3.0, 0.01, 60)}, value="share"
    ),
    "doubled": FaultKind("radio", LIVE),
    "frozen": FaultKind("body", ALL),
    "off_wrist": FaultKind("body", ALL),
    "loose_electrode": FaultKind("body", ALL, {"share": Setting(0.7, 0, 1)}, value="share"),
    "flat_battery": FaultKind("band", LIVE, {"fall_s": Setting(600.0, 0, 86_400)}, hold_s=1800.0, value="fall_s"),
    "reboot": FaultKind("band", LIVE, hold_s=5.0),
    "drift": FaultKind("band", LIVE, {"ppm": Setting(100.0, -10_000, 10_000)}, hold_s=3600.0, value="ppm"),
    "dst": FaultKind("gateway", MQTT, {"by_s": Setting(3600.0, -86_400, 86_400)}, hold_s=SECONDS_MAX, value="by_s"),
    "silent_radio": FaultKind("gateway", LIVE),
    "two_gateways": FaultKind(
        "gateway", MQTT, {"turn_s": Setting(15.0, 1, 3600), "apart_s": Setting(0.4, -10, 10)}, value="turn_s"
    ),
    "broker_restart": FaultKind("wire", MQTT, hold_s=2.0),
    "away": FaultKind("radio", LIVE, {"backfill_hz": Setting(50.0, 0.1, 1000)}, hold_s=600.0, value="backfill_hz"),
}
WHOLE_HOUSE: Final = ("dst", "silent_radio", "broker_restart")  # these do not choose bands
BACKLOG_HZ: Final = FAULTS["away"].settings["backfill_hz"].usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """``kind`` is on from ``start_s`` (simulated, 0 at the end of the scenario's past) for ``hold_s``; with
    ``every_s`` > 0 again and again, so long after each start. ``bands`` are names; none: all of them. What follows
    is for the kinds that have it in ``FAULTS``; ``where`` is for a loss: on the radio, or on the wire. ``place`` is
    where it was read ("mine.toml: fault 2"), for whoever has to mend it.
    """

    kind: str
    start_s: float = 0.0
    hold_s: float = 60.0
    every_s: float = 0.0
    bands: tuple[str, ...] = ()
    where: str = "radio"
    share: float = 1.0
    delay_s: float = 0.0
    fall_s: float = 0.0
    ppm: float = 0.0
    by_s: float = 0.0
    turn_s: float = 0.0
    apart_s: float = 0.0
    backfill_hz: float = BACKLOG_HZ
    place: str = field(default="", compare=False)

    @property
    def layer(self) -> str:
        """Where it acts."""
        return "wire" if self.kind == "loss" and self.where == "wire" else FAULTS[self.kind].layer

    @property
    def value(self) -> float:
        """Its size, in the setting that tells most of it; NaN where there is none."""
        setting = FAULTS[self.kind].value
        return float(getattr(self, setting)) if setting else math.nan

    def wrong(self, key: str, mend: str) -> ScenarioError:
        """Return the error that says where the fault stands, which ``key`` of it is wrong and what would be right."""
        return ScenarioError(f"{self.place or f'fault {self.kind}'}: {key}: {mend}")

    def window(self, at_s: float) -> tuple[float, float] | None:
        """From when to when it is on around ``at_s``; None: it is not."""
        if at_s < self.start_s:
            return None
        begin_s = self.start_s
        if self.every_s:
            begin_s += (at_s - self.start_s) // self.every_s * self.every_s
        return (begin_s, begin_s + self.hold_s) if at_s < begin_s + self.hold_s else None

    def windows(self, until_s: float) -> Iterator[tuple[float, float]]:
        """Every window that begins before ``until_s``."""
        begin_s = self.start_s
        while begin_s < until_s:
            yield begin_s, begin_s + self.hold_s
            if not self.every_s:
                return
            begin_s += self.every_s

    def lasted_s(self, at_s: float) -> float:
        """For how long it has been on altogether until ``at_s``."""
        if at_s <= self.start_s:
            return 0.0
        if not self.every_s:
            return min(at_s - self.start_s, self.hold_s)
        whole, rest = divmod(at_s - self.start_s, self.every_s)
        return whole * self.hold_s + min(rest, self.hold_s)


def read_fault(fields: Fields) -> Fault:
    """Read one ``[[fault]]`` table; raises ScenarioError, naming file and field."""
    kind = fields.choice("kind", tuple(FAULTS))
    about = FAULTS[kind]
    start_s = fields.number("start_s", default=0.0)
    hold_s = fields.number("hold_s", default=about.hold_s, low=LENGTH_MIN_S)
    every_s = fields.number("every_s", default=0.0, least=REPEAT_MIN_S)
    if every_s and every_s <= hold_s:
        raise fields.wrong("every_s", f"must be 0 or more than hold_s ({hold_s:g}), got {every_s:g}")
    bands = fields.names("bands")
    if bands and kind in WHOLE_HOUSE:
        raise fields.wrong("bands", f"{kind} happens to the whole house; take it out")
    where = fields.choice("where", PLACES, default="radio") if kind == "loss" else "radio"
    settings = {
        name: fields.number(name, default=setting.usual, low=setting.low, high=setting.high)
        for name, setting in about.settings.items()
    }
    fields.nothing_left()
    when = {"start_s": start_s, "hold_s": hold_s, "every_s": every_s}
    return Fault(kind=kind, **when, bands=bands, where=where, place=fields.place, **settings)


def parse_fault(text: str) -> Fault:
    """Read one fault as it is written on a command line: ``loss share=0.05 bands=band-01,band-02 start_s=60``.

    Raises ScenarioError, naming the word.
    """
    kind, *words = text.split() or [""]
    table: dict[str, object] = {"kind": kind}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not value or key in table:
            raise ScenarioError(f"--fault {text!r}: {word!r}: must be KEY=VALUE, each once")
        table[key] = value.split(",") if key == "bands" else value if key == "where" else _number(value)
    return read_fault(Fields(table, file=f"--fault {text!r}"))


def require_transport(faults: Sequence[Fault], transport: str) -> None:
    """Raise ScenarioError, saying where the fault stands, where there is one that this way out cannot do."""
    for fault in faults:
        on_wire = fault.where == "wire"
        can = MQTT if on_wire else FAULTS[fault.kind].transports
        if transport not in can:
            ways, what = " or ".join(sorted(can)), f"{fault.kind}{' on the wire' * on_wire}"
            raise fault.wrong("kind", f"{what} is for --transport {ways}, not {transport}: take it out")


def _number(value: str) -> object:
    try:
        return float(value)
    except ValueError:
        return value  # the reader says what is wrong with it
