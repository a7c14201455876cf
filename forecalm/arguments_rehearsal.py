"""The commands on what stored sessions say of models and alert levels: rehearse, budget."""

from typing import Any, Final

from forecalm.arguments_said import above_0, add_config, add_json, command, count, words

PER_DAY: Final = 2.0
"""Alerts a day of wear that carers can answer every time; what they cannot answer they learn to pass over."""

DAYS: Final = 14.0  # two of each day of the week


def add_rehearsal(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Enter them."""
    rehearse = command(
        commands,
        "rehearsing",
        "rehearse",
        "what a model would have done to everybody whose sessions are stored, against the one that watches",
    )
    rehearse.add_argument("name", metavar="NAME", help="the model's name: see forecalm models")
    rehearse.add_argument(
        "--wearers", nargs="+", default=[], metavar="W", help="of these alone; promotes nothing (default: everybody)"
    )
    rehearse.add_argument(
        "--events", type=words, default=(), metavar="WORD,...", help="labels that are events (default: the model's own)"
    )
    rehearse.add_argument("--by", default="", metavar="WHO", help="who asks (default: the user of this machine)")
    rehearse.add_argument("--jobs", type=count, default=1, metavar="N", help="processes at once (default: 1)")
    add_config(rehearse)
    add_json(rehearse)

    budget = command(
        commands,
        "budgeting",
        "budget",
        "which alerts each level would have raised for somebody, and the level for so many a day",
    )
    budget.add_argument("wearer", metavar="WEARER", help="the wearer's pseudonym")
    budget.add_argument(
        "--per-day", type=above_0, default=PER_DAY, metavar="N", help="alerts a day, twelve hours of wear (default: 2)"
    )
    budget.add_argument("--days", type=above_0, default=DAYS, metavar="N", help="how far to look back (default: 14)")
    budget.add_argument(
        "--events", type=words, default=(), metavar="WORD,...", help="labels that are events (default: the model's own)"
    )
    budget.add_argument("--set", action="store_true", help="let this level hold from now on; wants --by")
    budget.add_argument("--default", action="store_true", help="go back to everybody's level; wants --by")
    budget.add_argument("--history", action="store_true", help="every level that was ever set for them")
    budget.add_argument("--by", default="", metavar="WHO", help="who says so")
    budget.add_argument(
        "--accept-lost", action="store_true", help="with --set: although it would have missed a known event"
    )
    add_config(budget)
    add_json(budget)
