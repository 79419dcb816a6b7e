"""From samples and phases to energies: pure, nothing here asks an instrument."""
