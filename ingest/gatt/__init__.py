"""Bytes of Bluetooth characteristics to values and back: the forecalm band profile and what other bands speak. Pure."""
