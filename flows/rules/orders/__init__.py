"""Order checks, withdrawals and isolated margin: chapter F of the rulebook."""
