"""The picture of a run: what it shows, as a page and as an image."""
