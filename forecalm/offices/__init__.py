"""What stands behind the pages of staff: registry, store, shelf and service in; what the console asks for out."""
