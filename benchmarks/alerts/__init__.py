"""Alerts from a band to a named person while every process is killed and channels fail, hang and lie."""
