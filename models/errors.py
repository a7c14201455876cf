"""What models raise on purpose."""


class ModelError(ValueError):
    """An argument, a snapshot or a model file does not fit; the message names it and what would be right."""
