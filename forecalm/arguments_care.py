"""What can be asked for on the command line about care: its parsers; light, as ``arguments`` is."""

import argparse
from typing import Any, Final

from forecalm.arguments_bands import MOMENT
from forecalm.arguments_said import add_config, add_json, command, from_0, path

WHATS: Final = ("anxious, settled", "incident", "exercise", "excited", "band problem", "unsure")
"""As ``alerts.outcomes.events.What``, whose module is heavy."""


def add_care(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Outcomes, support plans and alerting rules."""
    _add_outcomes(commands)
    _add_plans(commands)
    _add_alerting(commands)


def _add_outcomes(commands: Any) -> None:  # noqa: ANN401
    outcome = command(commands, "outcomes", "outcome", "what carers say it was: list, enter, correct; what helped")
    actions = outcome.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = actions.add_parser("list", help="everything that was told of a person, corrections behind what they mend")
    helped = actions.add_parser("helped", help="what helped a person how often, and after how long they were calm")
    add = actions.add_parser("add", help="enter one, of an alert or of what raised none")
    correct = actions.add_parser("correct", help="put another one in its place; both are kept")
    for each in (listed, helped, add):
        each.add_argument("wearer", help="the wearer's pseudonym")
    correct.add_argument("outcome_id", metavar="OUTCOME", help="its id, as list has it")
    add.add_argument("--alert", metavar="ID", help="of this alert (default: no alert was raised)")
    for each in (add, correct):
        each.add_argument("what", choices=WHATS, metavar="WHAT", help=", ".join(map(repr, WHATS)))
        each.add_argument("--by", required=True, metavar="WHO", help="the carer who says so, as the house knows them")
        each.add_argument("--helped", action="append", metavar="WORD", help="what helped (may be repeated)")
        each.add_argument("--began", metavar="TIME", help=f"when it began; {MOMENT}")
        each.add_argument("--uncertainty", type=from_0, metavar="S", help="how far that may be off (default: 60)")
        each.add_argument("--ended", metavar="TIME", help="when it was over")
    _finish(listed, helped, add, correct)


def _add_plans(commands: Any) -> None:  # noqa: ANN401
    plan = command(commands, "plans", "plan", "show or write what helps a person and what to avoid")
    actions = plan.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="the plan that holds")
    show.add_argument("wearer", help="the wearer's pseudonym")
    show.add_argument("--history", action="store_true", help="and all before it")
    write = actions.add_parser("set", help="write it anew; the one before is kept")
    write.add_argument("wearer", help="the wearer's pseudonym")
    write.add_argument("--helps", action="append", metavar="LINE", help="what helps (may be repeated)")
    write.add_argument("--avoid", action="append", metavar="LINE", help="what to avoid (may be repeated)")
    write.add_argument("--none", action="store_true", help="there is no plan any more")
    write.add_argument("--by", metavar="WHO", help="who knows it (default: the user of this machine)")
    _finish(show, write)


def _add_alerting(commands: Any) -> None:  # noqa: ANN401
    rules = command(commands, "alerting", "alerting", "who is told of alerts, after how long, by which channel")
    actions = rules.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("example", help="print rules to begin with")
    show = actions.add_parser("show", help="the rules that hold, without addresses")
    show.add_argument("--secrets", action="store_true", help="with addresses, which hold keys and telephone numbers")
    check = actions.add_parser("check", help="say what is wrong with a file of rules; nothing is changed")
    enter = actions.add_parser("set", help="let the rules of a file hold from now on, where nothing is wrong with them")
    for each in (check, enter):
        each.add_argument("path", type=path, metavar="FILE.toml", help="see docs/alerting-rules.md; -: standard input")
    history = actions.add_parser("history", help="which rules were set when, and by whom")
    default = actions.add_parser("default", help="let the usual rules hold again")
    test = actions.add_parser("test", help="tell one contact by one channel that this is a test")
    test.add_argument("contact", help="as the rules name them")
    test.add_argument("channel", help="as the rules name it")
    for each in (enter, default, test):
        each.add_argument("--by", required=True, metavar="WHO", help="who says so")
    for each in (enter, default):
        each.add_argument("--because", default="", metavar="WHY", help="for the history")
    _finish(show, check, enter, history, default, test)


def _finish(*actions: argparse.ArgumentParser) -> None:
    for each in actions:
        add_config(each)
        add_json(each)
