"""The paper venue: fills liquidation orders against recorded depth."""
