"""The workflows that come with the service."""
