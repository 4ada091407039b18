"""Whole sessions, through the front door, on an emulated cloud."""
