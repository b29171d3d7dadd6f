"""`python -m flows` is `marginline`."""

from flows.cli.main import run

run()
