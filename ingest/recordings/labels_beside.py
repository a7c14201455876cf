"""Recordings and the files beside them in; the same with the labels that forecalm's own label file says of them out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ingest.errors import RecordingError
from ingest.labels import FILE_MAX, REQUIRED, read_labels
from ingest.recordings.archive import Source, decoded
from ingest.recordings.recording import Recording

FILE: Final = "labels.csv"


def is_ours(head: str) -> bool:
    """Whether the first line of a table of labels is that of docs/labels.md."""
    columns = {cell.strip().strip('"').lower() for cell in head.replace(";", ",").split(",")}
    return set(REQUIRED) <= columns


def with_labels(part: Source, recordings: Sequence[Recording]) -> list[Recording]:
    """Add to each recording the labels of ``labels.csv`` that overlap it, if that is of docs/labels.md: see there. One
    that names a wearer goes to ``named``: the file cannot know for whom it is imported. Raises RecordingError, naming
    the line, where the table cannot be read."""
    data = part.beside(FILE)
    if data is None or len(data) > FILE_MAX:
        return list(recordings)
    text = decoded(data, FILE, otherwise="latin-1").removeprefix("\ufeff")
    if not is_ours(text.split("\n", 1)[0]):
        return list(recordings)
    try:
        labels = read_labels(text)
    except RecordingError as error:
        raise RecordingError(f"{FILE} beside it: {error}") from error
    found = []
    for each in recordings:
        mine = [label for label in labels if label.start_s <= each.end_s and label.end_s >= each.start_s]
        own = tuple(label for label in mine if not label.wearer)
        named = tuple(label for label in mine if label.wearer)
        found.append(replace(each, labels=(*each.labels, *own), named=named))
    return found
