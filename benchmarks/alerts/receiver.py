"""A kind of service in; a process out that takes, refuses, hangs, says yes and drops, or no and passes on, in turn.

python -m benchmarks.alerts.receiver FOLDER KIND PORT SEED HANGING. ``HANGING`` is how often it
hangs, where five times it does what it should. What arrives is written to ``KIND.got`` before anything is
answered.
"""

import base64
import random
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.alerts.notes import Notes
from tests.receivers import Behaviour, HttpReceiver, PushReceiver, Receiver, SmtpReceiver

KINDS: Final[dict[str, type[Receiver]]] = {
    "phone": HttpReceiver,
    "ntfy": HttpReceiver,
    "mail": SmtpReceiver,
    "push": PushReceiver,
}
TURNS: Final = (
    (Behaviour.TAKE, 5.0),
    (Behaviour.REFUSE, 1.0),
    (Behaviour.DROP, 1.0),
    (Behaviour.DENY, 1.0),
)
"""Beside hanging: half of the time it does what it should."""

TURN_S: Final = (2.0, 6.0)


def noting(kind: type[Receiver], notes: Notes) -> type[Receiver]:
    """Return ``kind`` that notes what arrives."""

    class Noting(kind):  # type: ignore[misc, valid-type]
        def take(self, what: str, about: dict[str, str], where: str) -> bool:
            notes.write(what=what, where=where, behaviour=str(self.behaviour))
            return bool(super().take(what, about, where))

    return Noting


def key_of(folder: Path) -> Any:  # noqa: ANN401 - an elliptic key
    """The browser's own, the same after each kill."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    path = folder / "browser.pem"
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return load_pem_private_key(path.read_bytes(), None)


AUTH: Final = base64.b16decode(b"00112233445566778899AABBCCDDEEFF")


def made(folder: Path, kind: str, port: int) -> Receiver:
    """The receiver, not yet there."""
    receiver = noting(KINDS[kind], Notes(folder / f"{kind}.got"))()
    receiver.port = port
    if isinstance(receiver, PushReceiver):
        receiver._key, receiver._auth = key_of(folder), AUTH
    return receiver


def run(folder: Path, kind: str, port: int, seed: int, hanging: float) -> None:
    """Be there until killed."""
    turns = (*TURNS, (Behaviour.HANG, hanging))
    receiver = made(folder, kind, port)
    notes, chance = Notes(folder / f"{kind}.turns"), random.Random(seed)  # noqa: S311
    with receiver:
        while True:
            (turn,) = chance.choices([each for each, _ in turns], [weight for _, weight in turns])
            if (folder / "settle").exists():  # the end: whoever still waits is to get what is theirs
                turn = Behaviour.TAKE
            receiver.behave(turn)
            notes.write(turn=str(turn))
            time.sleep(chance.uniform(*TURN_S))


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]) if sys.argv[5:] else 1.0)
