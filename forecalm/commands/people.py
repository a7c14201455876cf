"""Commands on people and their bands: pair."""

import argparse
import sys
import time
from contextlib import closing

from forecalm.config import Config
from forecalm.config import load as load_config


def pair(chosen: argparse.Namespace) -> int:
    """Say who wears a band from now on; a running service must be started anew to watch a new wearer."""
    from forecalm.build import Files, open_registry

    config: Config = load_config(chosen.config)
    files = Files(config.folder)
    files.folder.mkdir(parents=True, exist_ok=True)
    with closing(open_registry(files)) as registry:
        now_s, names = time.time(), registry.names()
        before = registry.wearer_of(chosen.band, now_s)
        registry.pair(band=chosen.band, wearer=chosen.wearer, since_s=now_s, name=chosen.name, carers=chosen.carer)
    said = [f"{chosen.wearer} wears {chosen.band} from now on."]
    if before not in (None, chosen.wearer):
        said.append(f"{before} ({names[before]}) no longer has a band.")
    if chosen.wearer not in names:
        said.append("A service that runs must be started again to watch a new wearer.")
    sys.stdout.write(" ".join(said) + f"\nKept in {files.registry}\n")
    return 0
