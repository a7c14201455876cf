"""Wristbands in software: firmware as pure state, and real GATT peripherals around it, on any radio."""
