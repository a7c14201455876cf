"""Recordings on researchers' disks: a reader for each format, one type out (``recording``)."""
