"""A plan as a person reads it: nothing wider than the terminal, long lists cut with a count, nothing left unsaid."""

from typing import Any

import pytest

from otcloud.cli.planned import human_plan, size
from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Plan
from otcloud.recipe.schema import Recipe
from tests.unit.plan.made import CLOUD, PRICED, facts, offer, recipe

SHAPE = {"weights_gb": 16.4, "layers": 36, "heads": 32, "kv_heads": 8, "head_size": 128, "max_context": 40960}
EVERYWHERE: dict[str, Any] = {
    "providers": ["gcp", "aws", "lambda", "runpod", "primeintellect", "kubernetes"],
    "accelerators": ["H100:1", "A100:1", "H100:8"],
}


def asking(compute: dict[str, Any]) -> Recipe:
    """A vLLM recipe for these machines."""
    return recipe(**CLOUD | {"compute": compute, "model": {"id": "Qwen/Qwen3-8B", "shape": SHAPE}})


def plan(compute: dict[str, Any], **changes: Any) -> Plan:
    """Its plan on priced facts."""
    sent = {"otcloud's code": 1_900_000, "2 tasks": 4096}
    return compile_plan(asking(compute), facts(**PRICED | {"uploads": sent} | changes), "harbor-0.24.0-daytona")


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Tables, reasons and sums alike; a pipe gets eighty columns."""
    lines = human_plan(plan(EVERYWHERE), "start it", width).splitlines()
    assert max(map(len, lines)) <= min(width, 120)
    assert max(map(len, human_plan(plan(EVERYWHERE), "start it").splitlines())) <= 80


def test_everything_that_matters_is_said() -> None:
    """Places, prices, types, reasons, sizes, sums, secrets, end."""
    text = human_plan(plan(EVERYWHERE), "start it", 120)
    flat = " ".join(text.split())
    for said in (
        "1 gcp H100:1 a3-highgpu-1g 3.00 1.00 4.00",
        "kubernetes H100:1 no price",
        "model server of 1-5 vllm: Qwen/Qwen3-8B; TP 1, PP 1, DP 1; context 32768, 23 sequences at once; KV cache auto",
        "model server of 8-9 vllm: Qwen/Qwen3-8B; TP 1, PP 1, DP 8; context 32768",
        "aws H100:1: not offered (counts are exact, and there is H100:8)",
        "primeintellect: its machines cannot end themselves",
        "machine at aws $3528.00 $98.00 x 36 h, 12 h of holding and ending included",
        "machines at kubernetes",
        "HF_TOKEN (MISSING)",
        "1.9 MB before compression: otcloud's code 1.9 MB, 2 tasks 4.1 kB",
        "24 h at most, then the machine goes down, and already after 30 min without work",
        "16.4 GB of weights to fetch and load: unknown",
        "nothing was started; start it",
    ):
        assert said in flat


def test_names_that_are_sentences_are_cut() -> None:
    """Vast's types and Azure's regions; what is paid stays, other prices go first."""
    long = offer("azure", "southcentralus", "Standard_ND96isr_H100_v5_with_much_more", "H100:8", 98.0, 40.0)
    compute = {"providers": ["azure"], "accelerators": ["H100:8"], "regions": ["southcentralus"], "spot": True}
    text = human_plan(plan(compute, offers=(long,), catalogs={"azure": None}), "start it", 80)
    assert "Standard_ND96isr_H100..." in text
    assert "40.00" in text
    assert max(map(len, text.splitlines())) <= 80


def test_long_lists_are_cut_with_a_count() -> None:
    """Twelve rows, and how many more there are."""
    offers = tuple(offer("vast", f"R{n}", f"t{n}-{m}", "H100:1", 1.0 + m, None) for n in range(9) for m in range(3))
    made = plan(
        {"providers": ["vast"], "accelerators": ["H100:1"], "regions": [f"R{n}" for n in range(9)]},
        offers=offers,
        catalogs={"vast": None},
    )
    assert len(made.candidates) == 27
    text = human_plan(made, "start it", 80)
    assert "  and 15 more (--json has them all)" in text.splitlines()
    assert "t4-0" not in text


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"end": "keep"}, "then the machine stays for 12 h more and goes down"),
        ({"end": "stop"}, "then the machine is stopped, and its disk is paid for, and already after 30 min"),
        ({"autostop_min": 0}, "then the machine stays for 12 h more and goes down"),
    ],
    ids=str,
)
def test_the_end_is_said(limits: dict[str, Any], said: str) -> None:
    """What becomes of the machine, and when."""
    asked = asking({"providers": ["gcp"], "accelerators": ["H100:1"]})
    asked = asked.model_copy(update={"limits": asked.limits.model_copy(update=limits)})
    made = compile_plan(asked, facts(**PRICED), "harbor-0.24.0-daytona")
    assert said in " ".join(human_plan(made, "start it").split())


def test_a_plan_for_this_machine_is_short() -> None:
    """No prices, no uploads, no table of costs."""
    text = human_plan(compile_plan(recipe(), facts(), "harbor-0.24.0"), "start it", 80)
    assert "nothing: it runs on this machine" in text
    assert "machine   this one" in text
    assert "$" not in text
    assert "sent" not in text


def test_sizes_are_said_in_round_numbers() -> None:
    """Bytes, and thousands of them."""
    assert [size(n) for n in (0, 999, 1000, 1_900_000, 2_500_000_000)] == ["0 B", "999 B", "1.0 kB", "1.9 MB", "2.5 GB"]
