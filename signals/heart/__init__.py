"""The heart: pulses, the intervals between them, and what those say."""
