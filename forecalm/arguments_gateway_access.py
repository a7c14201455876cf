"""What can be asked for of who comes in at the broker on the command line; light."""

from typing import Any

from forecalm.arguments_said import add_config, add_json, command, from_0, name, path


def add_gateway_access(commands: Any) -> None:  # noqa: ANN401 - argparse hides the type
    access = command(commands, "gateway_access", "gateway-access", "let gateways in at the broker, or shut them out")
    access.set_defaults(command="gateway_access")
    actions = access.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="let a gateway in: prints its user and secret, this once")
    rotate = actions.add_parser("rotate", help="give it another secret; the old one works for a while")
    rotate.add_argument("--grace", type=from_0, default=24.0, metavar="HOURS", help="for how long (default: 24)")
    revoke = actions.add_parser("revoke", help="let it in no more, from now on")
    listed = actions.add_parser("list", help="which gateways are let in")
    write = actions.add_parser("write", help="write the broker's files anew, for a Mosquitto beside us")
    write.add_argument("--out", type=path, metavar="FOLDER", help="where to (default: broker/ of the data)")
    for each in (add, rotate, revoke):
        each.add_argument("gateway", type=name, help="its name, as in its topics")
    for each in (add, rotate, revoke, listed, write):
        add_config(each)
        add_json(each)
