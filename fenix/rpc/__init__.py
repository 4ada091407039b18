"""The message bus between API and engines."""
