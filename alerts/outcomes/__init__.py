"""What a carer saw in two taps in; a label that models learn from, and the end of an alert, out."""
