"""Where a plan is tried, how the model is served there, and what is not tried: tables that fit eighty columns."""

import textwrap
from collections.abc import Sequence

from otcloud.cli.render import fitting_table
from otcloud.plan.api import host_of
from otcloud.plan.candidate import Candidate, Dropped, ServeSpec
from otcloud.plan.candidates import where
from otcloud.plan.providers import KNOWN

MOST_ROWS = 12
"""Rows of a list; what is more is counted, and is in `--json`."""

_WIDEST_CELL = 24
"""Some providers' types of machine are whole sentences."""


def machines(candidates: Sequence[Candidate], columns: int) -> str:
    """The candidates in order, with prices for one machine; nothing where this machine is the only one.

    In a narrow terminal the last prices go: first the dearest region's, then those that would not be paid.
    """
    if all(each.provider == "local" for each in candidates):
        return ""
    prices = (("$/h", _demand), ("spot $/h", _spot), ("up to $/h", _dearest))
    spot, nodes = any(each.spot for each in candidates), candidates[0].nodes
    ordered = (prices[1], prices[0], prices[2]) if spot else prices
    shown = candidates[:MOST_ROWS]
    told = [(name, [of(each) for each in shown]) for name, of in ordered]
    kept = [(name, cells) for name, cells in told if any(cells)]
    headers = ["try", "where", "accelerator", "machine", *(name for name, _ in kept)]
    rows = [[*_row(number, each), *(cells[number - 1] for _, cells in kept)] for number, each in enumerate(shown, 1)]
    title = f"tried in this order{', as spot machines' if spot else ''}"
    title += f", {nodes} machines each; prices are for one:" if nodes > 1 else ":"
    return "\n".join([title, fitting_table(headers, rows, columns, expendable=len(kept) - 1), *_more(candidates)])


def served(candidates: Sequence[Candidate], columns: int) -> str:
    """How the model is served, once for all candidates that serve it alike."""
    specs: dict[str, list[int]] = {}
    for number, each in enumerate(candidates, 1):
        specs.setdefault(_serving(each), []).append(number)
    if len(specs) == 1:
        return "\n".join(_lines("model server", next(iter(specs)), columns))
    titles = [(f"model server of {_numbers(numbers)}", text) for text, numbers in specs.items()]
    lines = [line for title, text in titles[:MOST_ROWS] for line in _lines(title, text, columns)]
    return "\n".join([*lines, *_more(titles)])


def dropped(left: Sequence[Dropped], columns: int) -> str:
    """What was asked for and is not tried, with the reason and what would help."""
    if not left:
        return ""
    lines = ["not tried:"]
    for each in left[:MOST_ROWS]:
        told = f"{where(each)}: {each.reason}{f' ({each.advice})' if each.advice else ''}"
        lines += textwrap.wrap(told, columns, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join([*lines, *_more(left)])


def _row(number: int, each: Candidate) -> tuple[str, ...]:
    at = "this machine" if each.provider == "local" else "/".join(filter(None, (each.provider, each.region, each.zone)))
    size = f"{each.min_cpus}+ CPUs, {each.min_memory_gb}+ GB" if each.min_cpus else ""
    return str(number), _cut(at), _cut(each.accelerator or ""), _cut(each.instance_type or size)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST_CELL else f"{text[: _WIDEST_CELL - 3]}..."


def _demand(each: Candidate) -> str:
    if each.provider == "local":
        return "0"
    if not KNOWN[each.provider].priced:
        return "no price"
    return "unknown" if each.hourly_usd is None else f"{each.hourly_usd:.2f}"


def _spot(each: Candidate) -> str:
    return "" if each.spot_hourly_usd is None else f"{each.spot_hourly_usd:.2f}"


def _dearest(each: Candidate) -> str:
    return "" if each.hourly_usd_max is None else f"{each.hourly_usd_max:.2f}"


def _serving(each: Candidate) -> str:
    """The server in a line: engine, model, sizes."""
    serve, sizes = each.serve, each.sizes
    if serve.engine == "none":
        return "none: the agent asks no model"
    if serve.api is not None:
        return f"{serve.engine}: {serve.model} at {host_of(serve.api, serve.model)}"
    told = [f"{serve.engine}: {serve.model}"]
    if sizes is not None:
        told.append(f"TP {sizes.tensor}, PP {sizes.pipeline}, DP {sizes.data}")
        told.append(f"context {_number(sizes.max_model_len)}, {_number(sizes.max_num_seqs)} sequences at once")
        told.append(f"KV cache {sizes.kv_cache_dtype or 'auto'}{_room(each)}")
    elif serve.engine == "vllm":
        told.append(_stated(serve))
    return "; ".join(part for part in told if part)


def _room(each: Candidate) -> str:
    memory = each.sizes.memory if each.sizes else None
    if memory is None:
        return ", whether it fits is not known"
    return f" with room for {memory.contexts:.1f} full contexts in {memory.kv_cache_gb:.0f} GB a GPU"


def _stated(serve: ServeSpec) -> str:
    return "on the CPU" if serve.device == "cpu" else ""


def _number(value: int | None) -> str:
    return "the server's own" if value is None else str(value)


def _numbers(numbers: Sequence[int]) -> str:
    """`1-3, 5` for 1, 2, 3, 5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _lines(title: str, text: str, columns: int) -> list[str]:
    body = f"{title}  {text}"
    return textwrap.wrap(body, columns, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _more(items: Sequence[object]) -> list[str]:
    return [f"  and {len(items) - MOST_ROWS} more (--json has them all)"] if len(items) > MOST_ROWS else []
