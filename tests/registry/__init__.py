"""From the venue's file to integers, and each refusal as one line."""
