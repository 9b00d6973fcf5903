"""Where a score is sensitive: methods as data, the one-pass map, its drawing."""
