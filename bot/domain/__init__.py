"""What Lifeboat knows about recovery, as pure values. No clock, no I/O, no random ids."""
