"""The registry: the one door from configuration to checked integer parameters."""
