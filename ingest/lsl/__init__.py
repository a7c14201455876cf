"""Lab Streaming Layer in, packets of bands out, as from a gateway."""
