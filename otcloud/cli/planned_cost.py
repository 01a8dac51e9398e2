"""What a plan can cost, shown: the sum, its parts, and what is not in it."""

import textwrap

from otcloud.cli.render import table
from otcloud.money import dollars
from otcloud.plan.plan import Plan


def cost(plan: Plan) -> str:
    """The sum in a line, with what is not in it where that is all there is to say."""
    ceiling = plan.ceiling
    if ceiling.known_usd == 0 and not ceiling.unknown:
        return "nothing: it runs on this machine"
    known = "unknown" if ceiling.known_usd is None else f"{dollars(ceiling.known_usd)} at most"
    if plan.launcher == "local":
        return known + (f", plus {', '.join(ceiling.unknown)}" if ceiling.unknown else "")
    return f"{known}, of what is known (below)" if ceiling.known_usd is not None else f"{known} (below)"


def cost_parts(plan: Plan, columns: int) -> str:
    """The parts of the sum; nothing for a run on this machine, whose line says all."""
    if plan.launcher == "local":
        return ""
    items = plan.ceiling.items
    lines = ["cost:"]
    if items:
        rows = [(item.what, dollars(item.usd), item.basis) for item in items]
        for row in table(("for", "at most", "because"), rows).splitlines():
            lines += _fit(row, columns)
    if plan.ceiling.unknown:
        text = f"not in the sum, for it is not known: {'; '.join(plan.ceiling.unknown)}"
        lines += textwrap.wrap(text, columns - 2, initial_indent="  ", subsequent_indent="    ")
    limit = plan.lifetime.max_cost_usd
    if limit is not None:
        lines.append(f"  limits.max_cost: the run is ended at {dollars(limit)}")
    return "\n".join(lines)


def _fit(row: str, columns: int) -> list[str]:
    if not row.strip("- "):
        return [f"  {row}"[:columns].rstrip()]  # the line below the head
    wrapped = textwrap.wrap(row, columns, initial_indent="  ", subsequent_indent="      ", drop_whitespace=False)
    return [line.rstrip() for line in wrapped]
