"""Rolling maintenance and upgrade of a cloud together with the applications on it."""
