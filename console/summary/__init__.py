"""A person and a period in, what a family, a school and a health team may share of it out."""
