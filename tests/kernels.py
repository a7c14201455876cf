"""Nothing in; each kernel that many tests wait for, beside those of the live pipeline, compiled and kept out."""

import contextlib
import io
import shlex
import tempfile
from pathlib import Path
from typing import Final

from forecalm.cli import main

SAMPLE: Final = Path(__file__).parent.parent / "data" / "sample" / "simulated_e4.zip"


def compile_kernels() -> None:
    """Do briefly what they are for: simulate somebody, keep a recording, compute features of research."""
    with tempfile.TemporaryDirectory() as folder:
        config, lived = Path(folder, "forecalm.toml"), Path(folder, "lived")
        config.write_text(f'data = "{folder}/var"\n')
        simulate = f"simulate --scenario crisis --wearers 2 --seconds 60 --transport e4 --out {lived} --json"
        keep = f"import {SAMPLE} --wearer w1 --name One --consent-by nobody --config {config} --json"
        compute = [f"features {SAMPLE} --set {name} --hop 60" for name in ("flirt", "wesad")]
        for command in (simulate, keep, *compute):
            with contextlib.redirect_stdout(io.StringIO()):
                if main(shlex.split(command)):
                    raise SystemExit(f"kernels were not compiled: forecalm {command}")


if __name__ == "__main__":
    compile_kernels()
