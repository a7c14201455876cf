"""What can go wrong on the way in: one base, so that a caller can tell bad input from our own bugs."""


class IngestError(Exception):
    """Base of every error that ingest raises on purpose."""


class WireError(IngestError, ValueError):
    """The peer sent bytes that are not a packet; the message names the field and the mend, and holds no payload.

    ``kind`` sorts it for counting: ``topic``, ``band``, ``size``, ``form`` (it cannot be parsed) or ``value``.
    """

    def __init__(self, message: str, *, kind: str = "value") -> None:
        super().__init__(message)
        self.kind = kind


class RecordingError(IngestError, ValueError):
    """A file of a recording cannot be read; the message names the file, the line where there is one, and the mend."""


class StoreError(IngestError):
    """A store refused to write or read; what was stored before is untouched."""


class BrokerError(IngestError):
    """The embedded broker cannot serve; the message names host and port, the reason and the mend."""


class RegistryError(IngestError, ValueError):
    """The registry refused a change; the message names the field and what would be right."""


class ClockError(IngestError, ValueError):
    """A snapshot of the clocks cannot be used; the message says why. Nothing was taken from it."""


class SourceError(IngestError, ValueError):
    """A live source cannot be used; the message names the stream, the channel where it is one, and the mend."""


class GattError(IngestError, ValueError):
    """A band says what its profile does not allow; the message names the band, the characteristic and the field."""


class LinkError(IngestError):
    """A connection to a band cannot be made, is gone, or the band refuses; the message names band and reason."""


class SpoolError(IngestError):
    """What waits to be stored cannot be kept on disk; the message names the file and the mend."""
