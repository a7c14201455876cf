"""A correction of who wore what in; what everybody concerned is told anew out."""
