"""The tests, and the processes that they start."""

import gc

# What is loaded stays to the end, and nearly nothing here is garbage: looking for it every 700 objects took a tenth of
# the time of the whole run, and a sixth of the start of each process.
gc.set_threshold(100_000)
