"""The skin under the band: its temperature, and whether there is any."""
