"""The terminal: `lifeboat say`, in this process or through the socket of the one that runs."""
