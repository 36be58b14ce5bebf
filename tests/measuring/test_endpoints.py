"""Endpoints: what a request says, and what is wrong with one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mars_solver.errors import InputError
from mars_solver.inputs.catalogue.endpoints import Endpoint, request_to
from mars_solver.inputs.files import load_endpoints
from mars_solver.inputs.parsing import parse

URL = "https://speech.example/say"
SECRET = "s3cr3t-0123456789"  # noqa: S105


def described(**parts: Any) -> Endpoint:
    return parse(Endpoint, {"url": URL, "body": "{text}", **parts}, "test")


def test_the_shipped_endpoint_asks_as_the_vendor_documents() -> None:
    endpoint = load_endpoints()["tts-stream"]
    request = request_to(
        endpoint,
        {"speech_model": "mars-pro", "voice_id": "20303"},
        {"CAMB_API_KEY": f" {SECRET}\n"},
    )
    assert (endpoint.method, request.url("x")) == ("POST", "https://client.camb.ai/apis/tts-stream")
    assert request.headers["x-api-key"] == SECRET
    body = request.body('He said "no"\n– twice')
    assert body is not None
    assert json.loads(body) == {
        "text": 'He said "no"\n– twice',
        "language": "en-us",
        "voice_id": 20303,
        "speech_model": "mars-pro",
        "output_configuration": {"format": "wav"},
    }


def test_values_are_escaped_where_they_go() -> None:
    endpoint = described(url=f"{URL}?q={{text}}", body='say {text} "as" {it}')
    request = request_to(endpoint, {"it": "is"}, {})
    assert request_to(described(), {}, {}).body('say "x"') == b'say "x"'
    assert request.url("a b&c/é") == f"{URL}?q=a%20b%26c%2F%C3%A9"
    assert request.body('"x"') == b'say "x" "as" is'


def test_a_header_that_is_stated_counts_in_any_case_and_json_says_that_it_is() -> None:
    endpoint = described(body='{"text": "{text}"}', headers={"Accept": "audio/wav"})
    asked = request_to(endpoint, {}, {}).headers
    assert asked == {"content-type": "application/json", "accept": "audio/wav"}
    endpoint = described(body='{"text": "{text}"}', headers={"Content-Type": "text/x-json"})
    assert request_to(endpoint, {}, {}).headers == {"content-type": "text/x-json"}
    assert request_to(described(), {}, {}).headers == {}


def test_what_has_no_value_is_named_all_at_once_and_the_secret_never_is() -> None:
    endpoint = described(
        body="{text} {voice} {lang}", headers={"x-api-key": "{key}"}, key="THE_KEY"
    )
    with pytest.raises(InputError) as caught:
        request_to(endpoint, {}, {})
    assert {problem.path for problem in caught.value.problems} == {"THE_KEY", "lang", "voice"}
    for bad in (f"{SECRET}\nx", f"{SECRET}ä"):
        with pytest.raises(InputError, match="characters that no header can hold") as caught:
            request_to(endpoint, {"voice": "1", "lang": "x"}, {"THE_KEY": bad})
        assert SECRET not in str(caught.value)
    whole = request_to(endpoint, {"voice": "1", "lang": "x"}, {"THE_KEY": SECRET})
    assert SECRET not in repr(whole)


@pytest.mark.parametrize(
    ("parts", "path", "message"),
    [
        ({"url": "ftp://x"}, "url", "begins with http"),
        ({"url": "http://x:port/"}, "url", "no wrong port"),
        ({"url": f"https://me:{SECRET}@x/"}, "url", "names no user"),
        ({"body": "nothing"}, "body", "{text}"),
        ({"headers": {"X-Api-Key": SECRET}}, "headers.X-Api-Key", "{key}"),
        ({"headers": {"x-key": "{key}"}}, "key", "environment variable"),
        ({"key": "A_KEY"}, "key", "{key} in a header"),
        ({"headers": {"x y": "z"}}, "headers.x y", "the name of a header"),
        ({"headers": {"x": "{text}"}}, "headers.x", "the url or the body"),
        ({"body": "{text} {key}"}, "body", "{key} in a header alone"),
        ({"key": "A-B"}, "key", "the name of an environment variable"),
        ({"audio": "pcm_s16le"}, "sample_rate", "the sample rate of pcm_s16le"),
        ({"sample_rate": 8000}, "sample_rate", "it is of raw samples alone"),
        ({"headers": {"Content-Length": "3"}}, "headers.Content-Length", "leave it out"),
        ({"headers": {"a": "1", "A": "2"}}, "headers", "each header once"),
        ({"audio": "wave"}, "audio", "did you mean `wav`?"),
        ({"method": "P OST"}, "method", "a method of HTTP"),
    ],
)
def test_a_fault_of_an_endpoint_is_named(parts: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        described(**parts)
    (problem,) = caught.value.problems
    assert problem.path == path
    assert message in str(problem)
    assert SECRET not in str(problem)
