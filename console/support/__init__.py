"""What needs doing today, bands, gateways and pairing in, pages for support staff out."""
