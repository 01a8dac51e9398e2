"""Reading Dockerfiles: the syntax that tasks use, and what is refused."""

import pytest

from otcloud.harbor_ext.sandbox import dockerfile


def test_lines_comments_and_continuations() -> None:
    text = "# head\nFROM debian\n\nRUN a && \\\n  # between\n\n  b\nenv A=1\nCOPY --chown=me a b c/\n"
    assert [(item.name, item.value, item.line, dict(item.flags)) for item in dockerfile.parse(text)] == [
        ("FROM", "debian", 2, {}),
        ("RUN", "a &&  b", 4, {}),
        ("ENV", "A=1", 8, {}),
        ("COPY", "a b c/", 9, {"chown": "me"}),
    ]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("ENV A=1 B=two", {"A": "1", "B": "two"}),
        ("ENV A=\"one two\" B='$x' C=a\\ b", {"A": "one two", "B": "$x", "C": "a b"}),
        ("ENV A the rest of it", {"A": "the rest of it"}),
        ("ENV URL=http://a/?b=c", {"URL": "http://a/?b=c"}),
        ("ARG A", {"A": ""}),
        ("ARG A=1", {"A": "1"}),
    ],
)
def test_assignments(line: str, wanted: dict[str, str]) -> None:
    assert dockerfile.pairs(dockerfile.parse(line)[0]) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$A/${B}", "1/"),
        ("${A:-x}${B:-x}", "1x"),
        ("${A:+x}${B:+x}", "x"),
        ("\\$A", "$A"),
        ("${B-x}$AB", "x"),
    ],
)
def test_variables(text: str, wanted: str) -> None:
    assert dockerfile.expand(text, {"A": "1"}) == wanted


def test_exec_form() -> None:
    assert dockerfile.parse('RUN ["a b", "c"]')[0].listed == ["a b", "c"]
    assert dockerfile.parse("RUN [ -d /x ]")[0].listed is None


@pytest.mark.parametrize(
    "image", ["debian", "debian:bookworm-slim", "ubuntu:24.04", "docker.io/library/debian:12", "library/ubuntu"]
)
def test_plain_bases_are_stood_in_for(image: str) -> None:
    assert dockerfile.refusals(f"FROM {image}\nWORKDIR /app\nCMD sleep\n") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FROM python:3.12", "line 1: the contents of image 'python:3.12'"),
        ("FROM ghcr.io/someone/debian:12", "ghcr.io/someone/debian:12"),
        ("FROM debian@sha256:00", "debian@sha256:00"),
        ("FROM scratch", "'scratch'"),
        ("ARG BASE=alpine\nFROM $BASE", "line 2: the contents of image 'alpine'"),
        ("FROM debian AS a\nFROM debian", "multi-stage"),
        ("FROM debian\nCOPY --from=a /x /x", "line 2: COPY with --from"),
        ("FROM debian\nADD https://x/y /y", "ADD from a network address"),
        ("FROM debian\nADD a.tar.gz /y", "ADD of an archive"),
        ("FROM debian\nRUN apt-get update && apt-get install -y curl", "RUN installs system packages (apt-get)"),
        ("FROM debian\nRUN --mount=type=cache,target=/x true", "RUN with --mount"),
        ("FROM debian\nRUN <<EOF\ntrue\nEOF", "here-document"),
        ("FROM debian\nONBUILD RUN true", "ONBUILD is not an instruction"),
        ("FROM --platform=linux/arm64 debian", "FROM with --platform"),
    ],
)
def test_what_cannot_be_honoured_is_refused(text: str, reason: str) -> None:
    assert any(reason in line for line in dockerfile.refusals(text)), dockerfile.refusals(text)
