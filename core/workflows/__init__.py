"""Use cases: what pages and the command line call, and nothing deeper."""
