"""What ends a command is told in words, whoever ends it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from alerts.errors import JournalError
from forecalm.arguments import make_parser
from forecalm.cli import BAD_INPUT, INTERRUPTED, main


@contextmanager
def taken_down_slowly() -> Iterator[None]:
    try:
        yield
    finally:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (JournalError("another process writes the journal: stop it first"), "another process writes the journal"),
        (None, "forecalm: interrupted\n"),
        (ZeroDivisionError(), "forecalm: interrupted\n"),
        (FileNotFoundError(2, "No such file", "entry_points.txt"), "forecalm: interrupted\n"),
    ],
)
def test_an_interrupted_command_says_so_and_what_it_was_refused_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception | None, said: str
) -> None:
    def serve(_: object) -> int:
        with taken_down_slowly():
            if error is not None:
                raise error
        return 0

    monkeypatch.setattr("forecalm.commands.running.serve", serve)
    assert main(["serve"]) == INTERRUPTED
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [["simulate"], ["broker"], ["lsl", "--band", "b"]])
def test_a_password_need_not_stand_where_every_user_of_a_machine_can_read_it(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert make_parser().parse_args(command).user == ("forecalm", "forecalm")
    monkeypatch.setenv("FORECALM_MQTT_USERNAME", "ward")
    monkeypatch.setenv("FORECALM_MQTT_PASSWORD", "a:secret")
    assert make_parser().parse_args(command).user == ("ward", "a:secret")
    assert make_parser().parse_args([*command, "--user", "n:p"]).user == ("n", "p")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of its own")
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_a_command_that_can_say_nothing_does_nothing_and_says_so_in_a_line(closed: str) -> None:
    shell = ["sh", "-c", f'exec "$0" -m forecalm alerting example {closed}', sys.executable]
    ran = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert ran.returncode == BAD_INPUT
    assert ran.stderr.count("\n") == (0 if "2>" in closed else 1)
    assert "Traceback" not in ran.stderr
