"""Which band is on whom: nearby bands, a gesture and first readings in, a pairing that cannot mix people up out."""
