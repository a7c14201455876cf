"""Files of profiles: one that cannot be used is told of by name, and costs nobody else their band."""

from pathlib import Path

import pytest

from ingest.ble import profiles
from ingest.ble.known import known_profiles
from ingest.errors import LinkError

ALL = ["forecalm", "heart-rate", "infinitime", "polar"]
BROKEN = {
    "wants": "import no_such_module_anywhere\n",
    "torn": "def profile(:\n",
    "empty": "",
    "raises": "def profile():\n    raise RuntimeError('not today')\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_profile_that_cannot_be_used_is_named_with_its_reason_and_the_others_serve(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / f"{name}_kind.py").write_text(BROKEN[name])
    monkeypatch.setattr(profiles, "__path__", [*profiles.__path__, str(tmp_path)])
    assert sorted(profile.name for profile in known_profiles()) == ALL
    assert f"profile {name}_kind.py cannot be used" in caplog.text
    assert "Error: " in caplog.text


def test_a_gateway_that_can_speak_to_no_band_at_all_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lone_kind.py").write_text("import no_such_module_anywhere\n")
    monkeypatch.setattr(profiles, "__path__", [str(tmp_path)])
    with pytest.raises(LinkError, match=r"no profile can be used \(lone_kind\)"):
        known_profiles()
