"""How a process ended, and what that says of a test."""

import dataclasses
import signal


@dataclasses.dataclass
class Case:
    name: str
    status: str  # passed, failed or skipped
    detail: str = ""  # why it failed or was skipped


@dataclasses.dataclass
class Ended:
    code: int  # as subprocess gives it: negative for a signal
    output: str
    tmp: str
    timed_out: bool


@dataclasses.dataclass
class Result:
    item: object
    cases: list
    seconds: float
    ran: bool


def exit_words(ended, limit):
    if ended.timed_out:
        return f"stopped after {limit:.0f} s"
    if ended.code < 0:
        return f"killed by {signal.Signals(-ended.code).name}"
    return f"exit code {ended.code}"
