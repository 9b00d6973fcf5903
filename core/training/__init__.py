"""Fit a network on a picture folder and write it as a model version."""
