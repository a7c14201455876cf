"""What can go wrong in the simulator: one base, so that a caller can tell bad input from our own bugs."""


class SimulationError(Exception):
    """Base of every error that device_sim raises on purpose.

    Names and keys of other people's files stand in messages: control characters are told as Python writes them
    (``\\x1b``), so that no terminal obeys them.
    """

    def __str__(self) -> str:
        letters = super().__str__()
        return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in letters)


class ScenarioError(SimulationError, ValueError):
    """A scenario cannot be played, or not as asked; the message names the file and field, or the argument, and the
    mend."""


class PublishError(SimulationError, OSError):
    """The broker could not be reached or refused us; the message names it and says why."""


class RadioError(SimulationError):
    """The simulated radio cannot do that; the message names the host or the port, and the mend."""


class HandError(SimulationError, ValueError):
    """Nobody can do that to a simulated band; the message says what would be right."""
