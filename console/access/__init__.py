"""Who asks, and what they may do: people, tablets and machines in; an answer for every route out."""
