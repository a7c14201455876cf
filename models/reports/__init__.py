"""Results of experiments and manifests of models in, pages that a researcher can attach to a paper out."""
