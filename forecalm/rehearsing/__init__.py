"""A model on the shelf and everything that is stored in; what it would have done to each person out."""
