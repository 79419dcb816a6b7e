"""How the samples of a run are taken and kept."""
