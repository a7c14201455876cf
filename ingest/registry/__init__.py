"""Who wears which band, and since when: changes in, answers out; names are kept apart from pseudonyms."""

from ingest.registry.registry import Registry

__all__ = ["Registry"]
