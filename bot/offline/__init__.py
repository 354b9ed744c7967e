"""What the command line does without a running bot, each part in a file that imports no more than it needs."""
