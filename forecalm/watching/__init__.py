"""Which models watch: chosen, at work, what they said, what carers teach them, what has drifted, by whose rules."""
