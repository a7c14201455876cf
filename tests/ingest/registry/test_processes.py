"""Several processes write at once: nobody's change is lost, none contradicts another, the audit stays one chain."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.registry.registry import Registry
from tests.ingest.registry.conftest import patient
from tests.servers import LONG_S

ROOT = Path(__file__).parents[3]
WRITER = """
import sys
from contextlib import closing
from ingest.errors import RegistryError
from ingest.registry.registry import Registry
me, refused = sys.argv[2], 0
with closing(Registry(sys.argv[1])) as registry:
    sys.stdin.readline()
    for at_s in range(30):
        registry.add_band(f"{me}-{at_s}", by=me)
        try:
            registry.assign("b-1", "w-1" if me == "x" else "w-2", float(at_s), by=me)
        except RegistryError:
            refused += 1
print(refused)
"""


def test_two_processes_that_write_at_once_wait_for_each_other(registry: Registry, url: str) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, patient(url), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("x", "y")
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=LONG_S)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0], said
    assert len(registry.bands()) == 2 + 60
    stretches = registry.band_history("b-1")
    for one, other in pairwise(stretches):
        assert one.until_s == other.since_s
    assert registry.verify_audit() == []


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def test_two_processes_that_start_at_once_make_one_registry(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    code = (
        "import sys; from ingest.registry.registry import Registry; r = Registry(sys.argv[1]); r.upgrade(); r.close()"
    )
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    if kind == "postgres":
        make: Callable[[], str] = request.getfixturevalue("empty_postgres")
        url = make()
    starting = [subprocess.Popen([sys.executable, "-c", code, patient(url)], cwd=ROOT) for _ in range(2)]
    assert [process.wait(LONG_S) for process in starting] == [0, 0]
    with closing(Registry(url)) as registry:
        assert registry.verify_audit() == []
