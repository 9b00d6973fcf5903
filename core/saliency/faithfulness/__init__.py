"""Whether a map deserves belief: measured on one picture, and over many for a model."""
