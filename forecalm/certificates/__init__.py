"""What tablets trust this house by: names and a folder in, a certificate that is always in date out."""
