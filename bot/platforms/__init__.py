"""From requests and cards to what each platform speaks. Knows no command, no vendor and no other platform."""
