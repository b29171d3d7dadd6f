"""Tests of what is in infra/: it names what exists, and nothing else."""
