"""Whose end is told: statuses and signals brought to the ranks that they are of."""
