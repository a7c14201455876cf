"""Bytes in, durable blocks out: the wire, clocks, assembly, stores, the registry and importers."""
