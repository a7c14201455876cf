"""What can be asked of shifts: their arguments; light, as ``arguments`` is."""

import argparse
from typing import Any, Final

from forecalm.arguments_bands import MOMENT
from forecalm.arguments_said import above_0, add_config, add_json, command

WHICH: Final = "the shift's id, or the name of a carer who is on one"
SHIFT_H: Final = 8.0  # as alerts.duty has it, which is heavy


def add_duty(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Enter shift."""
    shift = command(commands, "shifts", "shift", "say who is on shift for whom, and hand over")
    actions = shift.add_subparsers(dest="action", metavar="ACTION", required=True)

    begin = actions.add_parser("begin", help="come on shift, or prolong a shift for the same people")
    begin.add_argument("carer", help="who comes on shift")
    begin.add_argument("--for", dest="wearers", nargs="+", default=[], metavar="W", help="pseudonyms (default: all)")
    begin.add_argument("--new", action="store_true", help="the house does not know this carer yet: enter them")
    begin.add_argument("--by", metavar="WHO", help="who says so (default: the user of this machine)")

    offer = actions.add_parser("offer", help="offer a shift; until somebody takes it, whoever has it has it")
    offer.add_argument("shift", help=WHICH)
    offer.add_argument("--to", required=True, metavar="NAME", help="to whom; several with commas between")
    offer.add_argument("--new", action="store_true", help="the house does not know them yet: offer it all the same")
    offer.add_argument("--note", default="", help="what they must know")

    take = actions.add_parser("take", help="take over a shift that was offered")
    take.add_argument("shift", help=WHICH)
    take.add_argument("--by", required=True, metavar="NAME", help="who takes it")

    end = actions.add_parser("end", help="end a shift; refused where somebody would have nobody")
    end.add_argument("shift", help=WHICH)
    end.add_argument("--by", metavar="WHO", help="who says so (default: the user of this machine)")
    end.add_argument(
        "--anyway", default="", metavar="REASON", help="though somebody has nobody: staff are told at once"
    )

    shown = actions.add_parser("show", help="who is on shift, until when, and whom nobody has")
    summary = actions.add_parser("summary", help="what happened on a shift, for whoever takes over")
    summary.add_argument("shift", help=WHICH)

    for each in (begin, take):
        _until(each)
    for each in (begin, offer, take, end, shown, summary):
        add_config(each)
        add_json(each)


def _until(of: argparse.ArgumentParser) -> None:
    last = of.add_mutually_exclusive_group()
    last.add_argument("--until", metavar="TIME", help=MOMENT)
    last.add_argument("--hours", type=above_0, default=SHIFT_H, help=f"or for so long (default: {SHIFT_H:g})")
