"""The commands on trained models: which there are, which watches, which runs in shadow, what has drifted."""

import argparse
from pathlib import Path
from typing import Any

from forecalm.arguments_said import add_config, add_json, command, path


def add_shelf(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Enter ``forecalm models`` and its actions."""
    models = command(commands, "shelving", "models", "trained models: which there are, which watches, what drifted")
    models.set_defaults(action="list")
    add_config(models)
    add_json(models)
    actions = models.add_subparsers(metavar="ACTION")
    _action(actions, "list", "every model, and whether it can be believed; so does forecalm models alone")
    _named(_action(actions, "show", "all that is known of one model"))
    promote = _named(_action(actions, "promote", "let a model watch; a service that runs follows within seconds"))
    promote.add_argument("--by", required=True, metavar="WHO", help="who promotes it")
    promote.add_argument("--why", default="", metavar="TEXT", help="why")
    promote.add_argument(
        "--evidence", type=path, metavar="FILE.json", help="its rehearsal (default: where forecalm rehearse wrote it)"
    )
    promote.add_argument("--unrehearsed", action="store_true", help="without a rehearsal: whoever promotes answers")
    promote.add_argument(
        "--sign",
        action="append",
        default=[],
        metavar="WEARER",
        help="for whom it is worse, or everybody; may be repeated",
    )
    promote.add_argument(
        "--because",
        action="append",
        default=[],
        metavar="TEXT",
        help="why without one, or although it is worse for somebody: one for all, or one for each --sign",
    )
    back = _action(actions, "roll-back", "go back to what watched before, at last to the training-free detector")
    withdraw = _named(_action(actions, "withdraw", "take a model out of use; a roll-back never comes to it"))
    for each in (back, withdraw):
        each.add_argument("--by", required=True, metavar="WHO", help="who says so")
        each.add_argument("--because", required=True, metavar="TEXT", help="why")
    shadow = _action(actions, "shadow", "let a model run beside the champion, where it alerts nobody")
    shadow.add_argument("name", metavar="NAME|none", help="the model's name; none: no model any more")
    shadow.add_argument("--by", default="", metavar="WHO", help="who says so (default: the user of this machine)")
    _action(actions, "drift", "what models read and say now, held against their training")


def _action(actions: Any, name: str, about: str) -> argparse.ArgumentParser:  # noqa: ANN401 - argparse hides the type
    """An action; where the configuration is may be said before it or after."""
    made: argparse.ArgumentParser = actions.add_parser(name, help=about, description=f"{about}.")
    made.set_defaults(action=name)
    made.add_argument("--config", type=Path, metavar="FILE.toml", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    made.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
    return made


def _named(action: argparse.ArgumentParser) -> argparse.ArgumentParser:
    action.add_argument("name", metavar="NAME", help="the model's name")
    return action
