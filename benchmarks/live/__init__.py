"""How the live system does under load: a real broker, the flows and the producers as processes, all on the loopback."""
