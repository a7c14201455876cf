"""Accounts, sites, rules, audit, retention and erasure in, pages for administrators out."""
