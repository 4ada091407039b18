"""An example of an action plug-in."""
