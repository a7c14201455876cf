"""Recordings on their way out, to researchers: who may be exported, in which layout, and without what names people."""
