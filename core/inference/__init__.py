"""A model version on disk, the engine that runs it, its calibration and its gate."""
