"""Messages in; readings that are stored for ever out, told to their senders and handed on."""
