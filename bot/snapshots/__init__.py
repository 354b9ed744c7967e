"""Reading and checking Convex export ZIPs: CPU work, done in a child process of its own."""
