"""Reporting: what leaves the product, and says where it comes from."""
