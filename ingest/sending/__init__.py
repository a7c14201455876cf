"""Packets in, kept until the service says that they are stored: what every sender does, whatever it speaks for."""
