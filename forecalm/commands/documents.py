"""Commands that print what is generated from the code: schema."""

import argparse
import sys


def schema(chosen: argparse.Namespace) -> int:
    """Print the JSON Schema of the wire, or the AsyncAPI document of its topics."""
    from ingest.schema import asyncapi_text, schema_text

    sys.stdout.write(asyncapi_text() if chosen.asyncapi else schema_text())
    return 0
