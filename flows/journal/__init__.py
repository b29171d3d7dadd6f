"""The journal: the one format everybody speaks. Columns, admission, hash chain, codecs, files."""
