"""What can be asked for of certificates on the command line; light."""

from pathlib import Path
from typing import Any

from forecalm.arguments_said import add_config, add_json, command


def add_certificates(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    certificate = command(
        commands, "certificates", "certificate", "what tablets know this house by: show, renew or hand it over"
    )
    actions = certificate.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="where the board is, its certificate, and the fingerprint to compare")
    renew = actions.add_parser("renew", help="make a new certificate now; a service that runs takes it up by itself")
    renew.add_argument(
        "--authority",
        action="store_true",
        help="a new authority, too: no tablet trusts this house until it has been given the new one",
    )
    qr = actions.add_parser("qr", help="a QR code of the page that hands the authority to tablets")
    qr.add_argument("--out", type=Path, metavar="FILE.svg", help="write a picture (default: draw it here)")
    for each in (show, renew, qr):
        add_config(each)
    for each in (show, renew):
        add_json(each)
