"""The schema's history: one revision a file in ``versions``, never changed once it is released."""
