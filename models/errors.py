"""What models raise on purpose."""


class ModelError(ValueError):
    """An argument, a snapshot or a model file does not fit; the message names it and what would be right."""


class DatasetError(ModelError):
    """Sessions, labels or targets cannot make a data set; the message names them and what to change."""


class LeakageError(ModelError):
    """Something of the people or moments that a model is judged on would have been there when it was made."""


class ExperimentError(ModelError):
    """An experiment cannot be run as it is written; the message names file, key and what would be right."""


class ShelfError(ModelError):
    """A model on the shelf cannot be believed or used; the message names it, what is wrong and the mend."""
