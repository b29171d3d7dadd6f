"""How fast, against what: one file a question, ratios within one run, what was left out said beside."""
