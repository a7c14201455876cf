"""Fixtures that every room shares: where recordings are, and what to do where a peer is missing."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.ingest.store.influx_server import Influx

# A service that compiles all of itself at each start takes four seconds longer: what one compiled, the next ones read.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Tests run side by side: threads of linear algebra that wait for a core by turning in circles take it from the others,
# and a second becomes a minute. What several threads must not change is asked where it matters.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What leads this shell's commands to a house where somebody lives must lead no test there.
for name in [name for name in os.environ if name.startswith("FORECALM_")]:
    if not name.startswith(("FORECALM_TEST_", "FORECALM_FUZZ")):
        del os.environ[name]

settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no test judges a clock
settings.register_profile("ci", settings.get_profile("ours"), derandomize=True)  # nor the day's luck, but what changed
settings.load_profile("ci" if os.environ.get("CI") else "ours")

ROOT = Path(__file__).parent.parent


def pytest_collection_finish() -> None:
    """Let nobody look again and again through the thousands of tests for what is no longer needed."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: of several workers none has much to do when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings, which FORECALM_TEST_RECORDINGS names; skips where there is none."""
    folder = Path(os.environ.get("FORECALM_TEST_RECORDINGS", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real recordings here: set FORECALM_TEST_RECORDINGS to their folder")
    return folder


def _program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        if os.environ.get("FORECALM_TEST_REQUIRE_SERVICES"):
            pytest.fail(f"{name} is not installed, and FORECALM_TEST_REQUIRE_SERVICES is set")
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture(scope="session")
def mosquitto() -> str:
    """The path of the Mosquitto broker's program."""
    return _program("mosquitto")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    return _program("chromium")


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Influx]":
    """A real InfluxDB, one for all tests; each makes databases of its own. Whoever kills it starts another."""
    from tests.ingest.store.influx_server import running_influx  # only tests that need it load the client

    with running_influx(tmp_path_factory.mktemp("influx")) as running:
        yield running
