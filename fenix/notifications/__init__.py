"""What leaves on the message bus (contract section 5)."""
