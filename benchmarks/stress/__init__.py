"""Real recordings with stress tasks in, docs/stress.md and benchmarks/stress.json out: ours beside peers' features."""
