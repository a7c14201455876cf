"""Bands near by, or what was tapped, scanned or typed, in; what moves in their list, or which band is meant, out."""

from collections.abc import Sequence

from console.errors import PairingError
from console.forms import Form
from console.pairing.label import band_named
from console.refusal import Refusal
from console.support.counter import Counter, require_id
from console.support.near_rows import NearRow


def parts_near(counter: Counter, rows: Sequence[NearRow]) -> dict[str, str]:
    """Return what moves in a list of bands, by the id of its place."""
    return {f"near-{row.band}": counter.draw("moving", row) for row in rows}


def band_meant(form: Form) -> str:
    """Return the band that was tapped, scanned or typed; raises PairingError where it is none."""
    said = form.one("band") or form.one("code")
    if not said:
        raise PairingError("Tap a band in the list, scan its code, or type its id.")
    try:
        return require_id(band_named(said))
    except Refusal as error:
        raise PairingError(f"No band is called that. {error.detail}") from None
