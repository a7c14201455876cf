"""A name in, an authority and a certificate that it signed for that name out; made with openssl as the guide says."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

GUIDE: Final = Path(__file__).parents[2] / "docs" / "guides" / "gateway.md"


def make_certificates(folder: Path, name: str = "DNS:localhost,IP:127.0.0.1") -> Path:
    """Run the guide's own lines in ``folder``, for ``name``; return the authority's certificate."""
    folder.mkdir(parents=True, exist_ok=True)
    (block,) = re.findall(r"```sh\n(openssl req .*?)```", GUIDE.read_text(), re.DOTALL)
    assert block.count("DNS:broker.home") == 1
    for line in block.replace("\\\n", "").replace("DNS:broker.home", name).splitlines():
        said = shlex.split(line, comments=True)
        if said:
            subprocess.run(said, cwd=folder, check=True, capture_output=True)
    return folder / "ca.crt"


def listener_lines(folder: Path) -> tuple[str, str, str]:
    """What makes a listener of Mosquitto's speak TLS with what ``make_certificates`` made."""
    return f"cafile {folder / 'ca.crt'}", f"certfile {folder / 'broker.crt'}", f"keyfile {folder / 'broker.key'}"
