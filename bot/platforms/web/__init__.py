"""The web console: one team's chat in a browser. Knows HTML, HTTP and cookies; knows no command."""
