"""A Convex deployment on loopback, for the demo, for practice and for tests. Knows nothing of the bot."""
