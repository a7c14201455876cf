"""A person's day, and an alert on a screen of its own: what is kept of them in, pages for carers out."""
