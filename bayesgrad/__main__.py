"""`python -m bayesgrad` is the command `bayesgrad`."""

from bayesgrad.cli import main

main()
