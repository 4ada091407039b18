"""``tools/chaos``: Fenix among real neighbours, killed at random, against an uninterrupted run."""
