"""Measurements of Fenix; ``tools/bench`` runs them."""
