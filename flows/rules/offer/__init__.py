"""Offers to independent liquidators: chapter I of the rulebook."""
