"""Nothing in; each kernel that many tests wait for, beside those of the live pipeline, compiled and kept out."""

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from forecalm.cli import main

SAMPLE: Final = Path(__file__).parent.parent / "data" / "sample" / "simulated_e4.zip"


def compile_kernels() -> None:
    """Do briefly what they are for: simulate somebody, keep a recording, compute features of research. What cannot be
    done is said, and left to the test that is about it."""
    for name in [name for name in os.environ if name.startswith("FORECALM_")]:
        del os.environ[name]  # they would lead to a house where somebody lives
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "forecalm.toml")
        config.write_text(f"data = {json.dumps(str(Path(folder, 'var')))}\n")
        simulated = ["--scenario", "crisis", "--wearers", "2", "--seconds", "60", "--transport", "e4", "--json"]
        somebody = ["--wearer", "w1", "--name", "One", "--consent-by", "nobody", "--json"]
        for command in (
            ["simulate", *simulated, "--out", str(Path(folder, "lived"))],
            ["import", "--config", str(config), str(SAMPLE), *somebody],
            ["features", str(SAMPLE), "--set", "flirt", "--hop", "60"],
            ["features", str(SAMPLE), "--set", "wesad", "--hop", "60"],
        ):
            with contextlib.redirect_stdout(io.StringIO()):
                went = main(command) == 0
            if not went:
                sys.stderr.write(f"Not compiled before the tests: forecalm {command[0]}\n")


if __name__ == "__main__":
    compile_kernels()
