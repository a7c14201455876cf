"""The command that says who comes in at the broker: gateway-access."""

import argparse
import sys
import time
from contextlib import closing

from forecalm.commands.moments import told
from forecalm.commands.terminal import err, operator, print_json
from forecalm.config import Config
from forecalm.config import load as load_config
from forecalm.gateway_access import FOLDER, write_access
from forecalm.installation import Installation
from ingest.registry.gateway_access import Handed, in_force, let_in, rotate, shut_out
from ingest.registry.registry import Registry


def gateway_access(chosen: argparse.Namespace) -> int:
    """Let a gateway in, give it another secret, shut it out, or say who is let in."""
    config = load_config(chosen.config)
    with closing(Installation(config).open_registry()) as registry:
        now_s = time.time()
        if chosen.action == "list":
            _list(config, registry, now_s, json=chosen.json)
            return 0
        if chosen.action == "add":
            handed = let_in(registry, chosen.gateway, site=config.site.name, by=operator(), now_s=now_s)
            _hand(handed, json=chosen.json)
        elif chosen.action == "rotate":
            grace_s = chosen.grace * 3600
            handed = rotate(registry, chosen.gateway, by=operator(), now_s=now_s, grace_s=grace_s)
            _hand(handed, json=chosen.json)
        elif chosen.action == "revoke":
            count = shut_out(registry, chosen.gateway, by=operator(), now_s=now_s)
            if chosen.json:
                print_json({"gateway": chosen.gateway, "revoked": count})
            err.print(f"{chosen.gateway} is let in no more; the embedded broker cuts it off within two seconds.")
        where = chosen.out if chosen.action == "write" and chosen.out else config.folder / FOLDER
        changed = write_access(config, registry, time.time(), where)
        if chosen.action == "write" and chosen.json:
            print_json({"folder": where, "changed": changed})
        elif changed:
            err.print(f"A Mosquitto takes {where} up when it is told: docs/gateway-access.md")
    return 0


def _hand(handed: Handed, *, json: bool) -> None:
    """Print what a gateway is given: nowhere else, and never again."""
    if json:
        secret = {"username": handed.username, "password": handed.password}
        print_json({"gateway": handed.gateway, "site": handed.site, **secret})
        return
    err.print("This is shown once: put it on the gateway now. Whoever has it can pass for this gateway.")
    sys.stdout.write(
        f'# gateway.toml\n[gateway]\nname = "{handed.gateway}"\nsite = "{handed.site}"\n[mqtt]\n'
        f'username = "{handed.username}"\n# gateway.env\nFORECALM_MQTT_PASSWORD={handed.password}\n'
    )


def _list(config: Config, registry: Registry, now_s: float, *, json: bool) -> None:
    every = in_force(registry.gateway_credentials(), now_s)
    as_json = [
        {"gateway": each.gateway, "site": each.site, "username": each.username, "since_s": each.since_s}
        | {"until_s": each.revoked_s, "made_by": each.made_by}
        for each in sorted(every, key=lambda each: (each.gateway, each.since_s))
    ]
    if json:
        print_json(as_json)
        return
    for each in sorted(every, key=lambda each: (each.gateway, each.since_s)):
        since = told(each.since_s, config.zone)
        until = f", the old secret, until {told(each.revoked_s, config.zone)}" if each.revoked_s else ""
        sys.stdout.write(f"{each.gateway} at {each.site}: user {each.username}, since {since}{until}\n")
    if not every:
        sys.stdout.write("No gateway has a user of its own yet: forecalm gateway-access add NAME\n")
