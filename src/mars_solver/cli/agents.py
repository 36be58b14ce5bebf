"""The command that answers agents."""

from __future__ import annotations

from mars_solver.cli import options, terminal
from mars_solver.errors import InputError, Problem, extra


def mcp(
    measurements: options.Measurements = None,
    measure: options.Measure = None,
    models: options.ModelsFolder = None,
    weights: options.WeightsFile = None,
) -> None:
    """Answer an agent over standard input and output (Model Context Protocol).

    The agent's program starts it; docs/agents.md has the configuration of the common ones.
    """
    from mars_solver.cli import reading  # noqa: PLC0415
    from mars_solver.inputs.files import STANDARD_INPUT, reason, standard_input  # noqa: PLC0415

    with extra("mcp"):
        from mars_solver.agents import server  # noqa: PLC0415
    reading.check_sources(measurements=measurements, models=models, weights=weights)
    try:
        standard_input()
    except OSError as error:
        raise InputError([Problem(STANDARD_INPUT, "", "", reason(error))]) from None
    solver = reading.read_solver(models, weights, measurements, measure)
    server.serve(solver, terminal.vital_output())
