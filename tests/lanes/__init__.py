"""Lanes without a broker: their readers, steps and writers on records in memory, killed where the dice say."""
