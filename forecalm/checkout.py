"""Nothing in, the commit that this code was checked out at out: what a trained model's manifest says of it."""

import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
WAIT_S: Final = 5.0  # looking through a checkout for changes takes less


def commit(root: Path = ROOT) -> str:
    """Return the commit of the checkout in ``root``, ending in "-dirty" where files of it were changed since; "" where
    it is no checkout, or there is no git."""
    if not (root / ".git").exists():
        return ""
    asked = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=WAIT_S, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
