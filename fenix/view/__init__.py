"""What a session looks like, on a terminal and as a picture; knows no source of it."""
