"""What people decided, kept: causes, operating points, verdicts of comparisons, promotions."""
