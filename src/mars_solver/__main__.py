"""`python -m mars_solver` is the command line."""

from mars_solver.cli.commands import main

main()
