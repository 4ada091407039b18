"""Action plug-ins that come with the service."""
