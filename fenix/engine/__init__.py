"""The engine: claims sessions that have something to do, and advances them."""
