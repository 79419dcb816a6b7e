"""A sampler that predicts whole curves: which run, and how far, makes the front grow most per cost."""
