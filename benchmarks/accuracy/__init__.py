"""How near to the truth signals come; each module measures one thing, ``python -m benchmarks.accuracy`` runs them."""
