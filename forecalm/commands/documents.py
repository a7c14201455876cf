"""Commands that print what is generated from the code: schema."""

import argparse
import sys


def schema(chosen: argparse.Namespace) -> int:
    """Print the JSON Schema of the wire."""
    from ingest.schema import schema_text

    sys.stdout.write(schema_text())
    return 0
