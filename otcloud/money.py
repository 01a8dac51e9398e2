"""Amounts of money as a person reads them. Pure."""


def dollars(amount: float) -> str:
    """`$12.30`; four digits below a dollar, where cents are too coarse for what tokens cost."""
    return f"${amount:.2f}" if amount >= 1 or amount == 0 else f"${amount:.4f}"
