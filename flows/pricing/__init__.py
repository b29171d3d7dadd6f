"""The market stage's state: index, mark, TWAP, volatility, breakers, funding. Floats end at its edge."""
