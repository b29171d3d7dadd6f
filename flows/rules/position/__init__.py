"""Position accounting: chapter B of the rulebook."""
