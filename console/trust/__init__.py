"""What a tablet is told before it trusts this house: its certificate in, a page by plain HTTP out."""
