"""What is measured, and against what. `make bench` runs it; every figure is a ratio against something named."""
