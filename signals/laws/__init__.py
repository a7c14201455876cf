"""The laws that every streaming operator keeps, as functions that can be run over one of your own."""
