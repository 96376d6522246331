"""How long to wait before the next try: exponential with jitter, never sooner than the provider
asked."""

from __future__ import annotations

from random import Random


def delay(
    attempt: int,
    advice: float | None = None,
    base: float = 2.0,
    cap: float = 300.0,
    rng: Random | None = None,
) -> float:
    """Seconds before try number ``attempt`` + 1, where ``attempt`` failures (from 1) lie behind.

    Between half and all of ``base`` * 2 ** (``attempt`` - 1), at most ``cap``. With ``advice``
    (seconds as the provider told) the answer lies between it and a little above, even beyond the
    cap: calling sooner would be refused, calling all at the same moment would be refused as well.
    Without ``rng`` no jitter.
    """
    spread = 1.0 if rng is None else rng.random()
    full = min(cap, base * 2.0 ** min(max(attempt, 1) - 1, 32))
    own = full * (0.5 + spread / 2)
    if advice is None:
        return own
    return max(advice, 0.0) + own * 0.1
