"""How fast signals are; each module races one piece of work against peers, ``python -m benchmarks.speed`` runs them."""
