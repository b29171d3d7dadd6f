"""The venue's file: what an operator writes, as text a person reads. `flows.registry` turns it into integers."""
