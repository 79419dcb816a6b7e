"""How good is an anomaly score? Everywhere: one score a time step, larger is more anomalous, and a step
is flagged where its score is at or above a threshold."""
