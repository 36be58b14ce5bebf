"""What the text says where the shipped catalogue seldom or never comes to it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from mars_solver import Catalogue, load_catalogue, recommend
from mars_solver.explaining.sensitivity import Flip
from mars_solver.rendering.answer import lead_sentence, report_of
from mars_solver.rendering.brief import brief_of
from mars_solver.rendering.catalogue import fact_table, set_text
from mars_solver.rendering.console import (
    catalogue,
    comparison,
    explanation,
    members,
    recommendation,
    to_text,
)
from mars_solver.rendering.explanation import flip_text, summary
from mars_solver.rendering.members import members_of
from mars_solver.rendering.words import lead_text
from mars_solver.vocabulary import Status, amounts

SHIPPED = load_catalogue()


def twins(many: int = 2) -> Catalogue:
    """A catalogue of models that share every fact."""
    (pro,) = [model for model in SHIPPED.models if model.id == "mars-pro"]
    models = tuple(replace(pro, id=f"m{i}", name=f"M{i}") for i in range(many))
    return replace(SHIPPED, models=models)


def test_where_a_third_model_takes_over_a_flip_says_up_to_which_importance() -> None:
    names = {"n": "Nano"}
    flip = Flip(Fraction(9, 2), "n", "i", 4, "n", 3)
    assert flip_text(flip, names, "at {} or below") == "Nano from 3 to 4"
    assert flip_text(replace(flip, whole_to=4), names, "at {} or below") == "Nano at 4"
    assert flip_text(replace(flip, whole_to=0), names, "at {} or below") == "Nano at 4 or below"
    up = replace(flip, whole=6, whole_to=10)
    assert flip_text(up, names, "from {}") == "Nano from 6"
    assert flip_text(replace(up, whole_to=8), names, "from {}") == "Nano from 6 to 8"
    assert flip_text(replace(up, whole=10), names, "from {}") == "Nano at 10"


def test_a_tie_is_called_a_tie() -> None:
    answer = recommend(catalogue=twins())
    assert [row.why for row in report_of(answer).ranking][1] == "ties with M0, whose id comes first"
    assert "It ties with M1: the ids decide, in alphabetical order." in summary(answer.explain())
    said = "Use M0: nothing is required, and no model scores higher."
    assert report_of(answer).headline == said
    text = to_text(explanation(answer.explain()))
    assert "M0 − M1: +0.000 points; a tie, and the ids decide, in alphabetical order" in text
    assert "M0: 50.0 % (exact)\n  M1: 50.0 % (exact)" in text
    compared = to_text(comparison(answer.compare("m1", "m0")))
    assert "M0 ties with M1: the ids decide, in alphabetical order." in compared


def test_the_first_screen_tells_a_tie_once_and_what_top_leaves_out() -> None:
    text = " ".join(to_text(recommendation(recommend(catalogue=twins(10), top=9))).split())
    assert "It ties with M1 and 8 others: the ids decide, in alphabetical order." in text
    assert text.count(" tie") == 1
    assert "✓ meets · 1 more (--top)" in text
    assert "(--top)" not in to_text(recommendation(recommend(catalogue=twins(10))))


def test_what_is_kept_and_what_betas_would_change_do_not_contradict_each_other() -> None:
    asked = {"require": {"max_ttfb_ms": 100}}
    text = to_text(recommendation(recommend(asked, keep=["max_ttfb_ms"])))
    assert "Accepting betas would admit" in text
    assert "No change but accepting betas admits a model while you keep time to first" in text


def test_evidence_that_members_share_is_told_once() -> None:
    require = {"languages": ["sv-se", "zh-hk", "nb-no"]}
    (item,) = recommend({"require": require}).shortlist[0].to_verify
    assert item.note.startswith("sv-se: listed by openapi and pipecat for several models together")
    assert item.note.count("counted but not listed") == 1
    assert "; sv-se, zh-hk, nb-no: 33 locales are counted but not listed" in item.note
    (item,) = recommend({"require": {"self_hosted": True, "offline": True}}).shortlist[0].to_verify
    assert item.note.count("ask the vendor") == 1


def test_a_departure_names_the_questions_of_the_guide_and_what_we_follow() -> None:
    asked = {"prefer": {"latency": 10}}
    fast = {
        model: {"ttfb_ms": {"value": ms, "source": "test", "as_of": "2026"}}
        for model, ms in (("mars-flash", 20), ("mars-pro", 4000))
    }
    for profile, measurements, followed in (
        (asked, None, "your preferences"),
        ({}, fast, "your measurements"),
        (asked, fast, "your preferences and your measurements"),
    ):
        told = report_of(recommend(profile, measurements=measurements)).guide
        assert told.startswith("The questions of CAMB.AI's guide “Choosing a MARS model” lead to ")
        assert told.endswith(f"We differ: we follow {followed}."), told


def test_models_beside_each_other_show_their_facts_where_nothing_is_required() -> None:
    text = to_text(comparison(recommend().compare("mars-pro", "mars-flash")))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "Time to first byte 800–2 000 ms [guide] 150 ms [guide]" in lines
    assert "Native sample rate 48 kHz [sdk] 22.05 kHz [sdk]" in lines
    assert "Score, 0 to 1" in text


def test_sample_rates_are_told_in_khz_from_a_thousand_hz() -> None:
    asked = {"require": {"min_sample_rate_hz": 800, "output_sample_rates_hz": [8000, 44100]}}
    text = to_text(recommendation(recommend(asked)))
    assert "native sample rate at least 800 Hz; delivered sample rates 8 kHz, 44.1 kHz" in text
    assert amounts("Hz", 500, 22050) == ("500", "22\N{NARROW NO-BREAK SPACE}050 Hz")
    assert amounts("Hz", 22050, 48000) == ("22.05", "48 kHz")


def test_the_table_of_members_cuts_no_tag_and_breaks_names_at_hyphens_alone() -> None:
    lines = to_text(members(members_of(SHIPPED, "languages")), 80).splitlines()
    assert lines[3].split() == ["Flash", "Instruct", "Nano", "Pro", "(beta)", "(beta)"]
    tags = [line.split()[0] for line in lines[4:] if line.endswith(("✓", "?", "–"))]
    assert tags == [str(each) for each in SHIPPED.known_members("languages")]
    evidence = to_text(members(members_of(SHIPPED, "languages", "sv-se")))
    assert "Sources" in evidence
    assert all(f"\n  {key}: " in evidence for key in ("api", "openapi", "pipecat"))


def test_no_mark_says_more_than_its_status() -> None:
    marks = {Status.MEETS.word: "✓", Status.UNVERIFIED.word: "?", Status.EXCLUDED.word: "–"}
    for require in ({}, {"max_ttfb_ms": 1000}, {"languages": ["sv-se"]}, {"offline": True}):
        for row in report_of(recommend({"require": require})).ranking:
            assert row.mark == marks[row.status]
            assert ("not confirmed" in row.why) <= (row.mark == "?")


def test_a_rank_that_the_score_contradicts_says_why() -> None:
    measured = {"mars-pro": {"ttfb_ms": {"value": 2400, "source": "test", "as_of": "2026"}}}
    rows = report_of(recommend({"require": {"max_ttfb_ms": 2000}}, measurements=measured)).ranking
    listed = [row for row in rows if row.score is not None]
    for above, below in pairwise(listed):
        contradicted = below.score > above.score  # type: ignore[operator]
        assert below.why.startswith("scores higher, but not confirmed: ") == contradicted
    assert any(row.why.startswith("scores higher") for row in listed)


def test_a_catalogue_without_guide_and_calls_is_silent_about_them() -> None:
    alone = replace(
        SHIPPED,
        declared=SHIPPED.declared.with_needs({}),
        flowchart=None,
        calls={},
    )
    answer = recommend({"require": {"max_ttfb_ms": 300}}, catalogue=alone)
    report = report_of(answer)
    assert (report.guide, report.calls) == ("", ())
    assert fact_table(alone, answer).guide == ()
    text = to_text(explanation(answer.explain("mars-pro")))
    assert "guide “" not in text
    assert "We agree" not in text
    assert "How to call it" not in text


def test_every_attribute_is_in_the_table_of_facts_with_its_key() -> None:
    text = to_text(catalogue(SHIPPED), 200)
    for name, attribute in SHIPPED.declared.attributes.items():
        assert f"[{name}]" in text
        assert attribute.label.split()[0] in text


def test_a_set_is_said_in_short() -> None:
    known = {model.id: model.set("output_formats") for model in SHIPPED.models}
    assert set_text(known["mars-flash"]) == "wav, flac, adts, mp3 and 6 more; no other"
    rates = {model.id: model.set("output_sample_rates_hz") for model in SHIPPED.models}
    assert (set_text(rates["mars-flash"]), set_text(rates["mars-nano"])) == ("any", "unknown")


OURS = {"source": "our route", "as_of": "2026-12-01"}


def test_a_way_out_says_of_no_unverified_model_that_it_meets_everything() -> None:
    ranges = {"mars-flash": (30, 30), "mars-pro": (20, 90)}
    ranges |= dict.fromkeys(("mars-instruct", "mars-nano"), (95, 95))
    measurements = {
        model: {"price_usd_per_mchar": {"low": low, "high": high, **OURS}}
        for model, (low, high) in ranges.items()
    }
    asked = {"require": {"max_price_usd_per_mchar": 10}}
    ways = {}
    for policy in ("flag", "accept"):
        answer = recommend(asked, measurements=measurements, unknown=policy)
        ways[policy] = report_of(answer).ways_out.lines
    assert any(way.endswith("MARS-Flash meets everything; also MARS-Pro") for way in ways["flag"])
    said = "MARS-Pro and MARS-Flash, of which one or more meets everything"
    assert any(way.endswith(said) for way in ways["accept"])


def test_a_measurement_that_settles_nothing_says_how_it_was_made() -> None:
    made = {"statistic": "p95", "samples": 200, "confidence": 0.95, "region": "eu-west"}
    claim = {"low": 1900, "high": 2400, **OURS, **made}
    answer = recommend(
        {"require": {"max_ttfb_ms": 2000, "voice_transfer": True}},
        measurements={"mars-pro": {"ttfb_ms": claim}},
    )
    pro = next(each for each in answer.shortlist if each.model == "mars-pro")
    said = "(our route: p95 of 200 samples from eu-west, 1 Dec 2026, 95 % confidence)"
    assert (
        pro.to_verify[0].note
        == f"measured at 1 900–2 400 ms {said}; more samples would narrow this"
    )
    kept = recommend(
        {"require": {"max_ttfb_ms": 2500, "voice_transfer": True}},
        measurements={"mars-pro": {"ttfb_ms": {**claim, "connection": "warm"}}},
    )
    told = (
        "measured (our route: p95 of 200 warm requests from eu-west, 1 Dec 2026, 95 % confidence)"
    )
    assert f"Time to first byte of MARS-Pro: {told}" in kept.notes


def test_rejecting_the_unknown_tells_what_a_model_lacks_from_what_nobody_has_confirmed() -> None:
    server = {"require": {"offline": True, "self_hosted": True}}
    guide = report_of(recommend(server, unknown="reject")).guide
    assert guide.endswith("We differ: MARS-Pro does not meet offline use or own deployment.")
    require = {"max_memory_mb": 512, "style_control": True, "languages": ["sv"]}
    device = {"require": require, "primary": "on_device"}
    guide = report_of(recommend(device, unknown="reject")).guide
    said = "nobody has confirmed memory at run time and languages for MARS-Nano"
    assert guide.endswith(f"We differ: MARS-Nano does not meet style control; {said}.")


def test_three_labels_are_listed_with_commas() -> None:
    said = "Time to first byte, Fidelity and Expressiveness of MARS-Instruct: judged (guide)"
    assert any(n.startswith(said) for n in recommend({"require": {"style_control": True}}).notes)
    three = ["real_time", "style_control", "on_device"]
    asked = {"require": dict.fromkeys(three, True)}
    (note,) = (n for n in recommend(asked, keep=three).notes if "while you keep" in n)
    assert note.endswith("while you keep real-time, style control and on-device use")


def test_what_was_sampled_needs_more_samples_on_the_first_screen_too() -> None:
    claim = {"low": 900, "high": 1400, **OURS, "statistic": "p95", "samples": 120}
    answer = recommend(
        {"require": {"max_ttfb_ms": 1000, "voice_transfer": True}},
        measurements={"mars-pro": {"ttfb_ms": claim}},
    )
    (line,) = brief_of(answer).to_verify.lines
    assert line.startswith("time to first byte: more samples would narrow this; measured at ")
    assert "measure it" not in line


def test_what_settles_an_implied_fact_is_said_where_that_alone_is_open() -> None:
    (on_device,) = [a for name, a in SHIPPED.declared.attributes.items() if name == "on_device"]
    claims = {"on_device": {"value": "unknown", **OURS}, "memory_mb": {"value": 400, **OURS}}
    asked = {"require": {"max_memory_mb": 512}}
    answer = recommend(asked, measurements={"mars-nano": claims})
    (item,) = answer.shortlist[0].to_verify
    assert item.note == f"On-device use: unknown; {on_device.settle}"
    (line,) = brief_of(answer).to_verify.lines
    assert line == f"memory at run time: {on_device.settle}; On-device use: unknown"
    claims["memory_mb"] = {"low": 400, "high": 600, "samples": 9, **OURS}
    answer = recommend(asked, measurements={"mars-nano": claims})
    note = answer.shortlist[0].to_verify[0].note
    assert note.endswith(f"; more samples would narrow this; {on_device.settle}")


def test_one_candidate_is_not_said_to_be_ahead_of_others_that_are_ruled_out() -> None:
    (pro,) = [model for model in SHIPPED.models if model.id == "mars-pro"]
    betas = tuple(model for model in SHIPPED.models if model.beta)
    for models in ((pro,), (pro, *betas)):
        answer = recommend({}, catalogue=replace(SHIPPED, models=models))
        assert lead_sentence(answer) == "There is no other candidate."
    others = replace(SHIPPED, models=(pro, *(m for m in SHIPPED.models if m.id == "mars-flash")))
    answer = recommend({"require": {"short_reference": True}}, catalogue=others, unknown="reject")
    assert lead_sentence(answer) == "Every other model is ruled out."


def test_where_only_betas_are_left_out_the_explanation_says_what_accepting_them_does() -> None:
    betas = replace(SHIPPED, models=tuple(model for model in SHIPPED.models if model.beta))
    told = summary(recommend({}, catalogue=betas).explain())
    admits = "Accepting betas would admit MARS-8.1-Flash (beta) and MARS-8.1-Pro (beta)"
    assert told == f"There is no candidate. {admits} (--accept-beta)."
    told = summary(recommend({"require": {"on_device": True}}, catalogue=betas).explain())
    assert told == "No model meets every requirement."


def test_thousands_are_set_apart_in_what_is_not_whole_too() -> None:
    assert amounts("MB", 1234567.25) == (
        "1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567.25 MB",
    )
    assert amounts("ms", 0.1, 1e-7, 999.75) == ("0.1", "1e-07", "999.75 ms")


def test_a_lead_is_never_said_to_be_nothing() -> None:
    assert lead_text(0.0534) == "0.053 points"
    assert lead_text(0.0004) == "less than 0.001 points"


def test_no_line_breaks_within_a_number() -> None:
    asked = recommend({"require": {"max_ttfb_ms": 1200}})
    for width in range(40, 100, 7):
        lines = to_text(recommendation(asked), width).splitlines()
        assert any("1\N{NARROW NO-BREAK SPACE}200" in line for line in lines)
