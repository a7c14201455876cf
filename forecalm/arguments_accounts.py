"""What can be asked for of accounts, tablets and tokens on the command line; light, as ``arguments`` is."""

import argparse
from typing import Any, Final

from forecalm.arguments_said import add_config, add_json, command, days

ROLE: Final = "carer, support, researcher or administrator, at this house; ROLE@SITE: at another; ROLE@everywhere"
WHO: Final = "their name, as they sign in"
TOKEN_DAYS: Final = 90
"""How long a token holds unless said otherwise: a quarter, after which somebody looks whether it is still needed."""


def add_accounts(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    """Enter account, tablet and token."""
    _add_account(commands)
    _add_tablet(commands)
    _add_token(commands)


def _add_account(commands: Any) -> None:  # noqa: ANN401
    account = command(commands, "accounts", "account", "say who signs in, and as what")
    actions = account.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="enter somebody; prints a link by which they choose a password, once")
    roles = actions.add_parser("roles", help="say what somebody is from now on, in place of what they were")
    reset = actions.add_parser("reset", help="print a link by which somebody chooses another password, once")
    reset.add_argument("--factor", action="store_true", help="take their second factor away, too: the phone is lost")
    reset.add_argument("--now", action="store_true", help="sign them out everywhere at once, too")
    end = actions.add_parser("end", help="let somebody in no more; they are signed out everywhere")
    reopen = actions.add_parser("reopen", help="let somebody in again who was ended; prints a link as add does")
    for each in (add, roles, reset, end, reopen):
        each.add_argument("name", help=WHO)
    for each in (add, roles, reopen):
        each.add_argument("--role", action="append", required=True, metavar="ROLE", help=f"{ROLE} (may be repeated)")
    listed = actions.add_parser("list", help="who signs in, as what, and where they are signed in")
    for each in (add, roles, reset, end, reopen, listed):
        _ends(each)


def _add_tablet(commands: Any) -> None:  # noqa: ANN401
    tablet = command(commands, "accounts", "tablet", "enrol tablets, which show the board when nobody has signed in")
    actions = tablet.add_subparsers(dest="action", metavar="ACTION", required=True)
    enrol = actions.add_parser("enrol", help="print a link that enrols the tablet that opens it, once")
    enrol.add_argument("name", help="where it stands")
    enrol.add_argument("--site", help="whose board it shows (default: that of this house)")
    enrol.add_argument("--names", action="store_true", help="names show on it when nobody has signed in")
    listed = actions.add_parser("list", help="every tablet, and when it was last seen")
    revoke = actions.add_parser("revoke", help="let a tablet in no more: it was lost, or given away")
    revoke.add_argument("tablet", help="its id, as tablet list says it")
    for each in (enrol, listed, revoke):
        _ends(each)


def _add_token(commands: Any) -> None:  # noqa: ANN401
    token = command(commands, "accounts", "token", "let programs in: each by a token of its own, with one role")
    actions = token.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make a token, and print it once")
    add.add_argument("name", help="which program it is for")
    add.add_argument("--role", required=True, metavar="ROLE", help=f"monitor (what is counted), {ROLE}")
    add.add_argument("--days", type=days, default=TOKEN_DAYS, help=f"how long it holds (default: {TOKEN_DAYS})")
    listed = actions.add_parser("list", help="every token, and when it was last used")
    revoke = actions.add_parser("revoke", help="let a program in no more")
    revoke.add_argument("token", help="its id, as token list says it")
    for each in (add, listed, revoke):
        _ends(each)


def _ends(each: argparse.ArgumentParser) -> None:
    add_config(each)
    add_json(each)
