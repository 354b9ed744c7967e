"""Knows which vendors there are, one file or folder each. Knows nothing of what is done with them."""
