"""`python -m mars_solver` is the command line."""

from mars_solver.cli import main

main()
