"""Everything on one machine: a real broker and the flows as processes of their own."""
