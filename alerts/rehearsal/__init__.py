"""One person's past under two models or two thresholds in; what would have become of every alert and event out."""
