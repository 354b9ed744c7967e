"""What people can say. Thin: read, decide, show."""
