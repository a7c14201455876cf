"""The errors that a user can mend: told in one line, without a trace."""

from alerts.errors import AlertError
from console.errors import ConsoleError
from device_sim.errors import SimulationError
from forecalm.config import ConfigError
from forecalm.keeping.errors import KeepingError
from forecalm.peers import PeerError
from ingest.errors import IngestError
from models.errors import ModelError
from signals.errors import SignalError

EXPECTED = (
    ConfigError,
    KeepingError,
    IngestError,
    SimulationError,
    SignalError,
    ModelError,
    AlertError,
    ConsoleError,
    PeerError,
)
