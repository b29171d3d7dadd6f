"""The wire: a model for every message of every topic and for the venue's file. Imports nothing of the flows."""
