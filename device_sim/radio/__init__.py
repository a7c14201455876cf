"""A radio that is not there: software Bluetooth controllers that hear each other, and what goes wrong between them."""
