"""A data set in, folds that cannot leak out, and the audit that says so."""
