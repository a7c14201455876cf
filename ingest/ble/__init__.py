"""Bands on the radio in, their packets out: the Bluetooth side of a gateway."""
