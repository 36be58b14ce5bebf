"""The rival of `peers.serving`: an endpoint that validates a profile, and answers with it."""

from typing import Annotated, Literal

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

PATH = "/echo"
Amount = Annotated[float, Field(gt=0, le=1e9)] | None
Importance = Annotated[int, Field(ge=0, le=10)] | None


class Table(BaseModel):
    """The base of every table: closed to unknown keys."""

    model_config = ConfigDict(extra="forbid")


class Require(Table):
    """The hard requirements."""

    real_time: bool | None = None
    max_ttfb_ms: Amount = None
    voice_transfer: bool | None = None
    short_reference: bool | None = None
    style_control: bool | None = None
    on_device: bool | None = None
    offline: bool | None = None
    max_memory_mb: Amount = None
    self_hosted: bool | None = None
    public_api: bool | None = None
    languages: list[Annotated[str, Field(pattern="^[A-Za-z]{2}[-_][A-Za-z]{2}$")]] | None = None
    min_sample_rate_hz: Amount = None


class Prefer(Table):
    """The importances."""

    latency: Importance = None
    fidelity: Importance = None
    expressiveness: Importance = None
    control: Importance = None
    footprint: Importance = None


class Body(Table):
    """A profile."""

    name: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    workflow: Literal["batch"] | None = None
    primary: Literal["real_time", "voice_transfer", "style_control", "on_device"] | None = None
    accept_beta: bool | None = None
    require: Require | None = None
    prefer: Prefer | None = None


def echo_app() -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.post(PATH)
    async def echo(body: Body) -> Body:
        return body

    return app
