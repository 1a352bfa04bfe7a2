# SPDX-License-Identifier: Apache-2.0
"""One measure: its distribution, its target, and the command that repeats it."""
import dataclasses
import math


@dataclasses.dataclass
class Result:
    name: str
    unit: str
    values: list
    repeat: str          # --only NAME
    target: float = None  # of `by`; None: shown beside a measure that has one
    by: str = "p99"
    note: str = ""

    def percentile(self, share):
        """Nearest rank: a value that was measured, never one in between."""
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def summary(self):
        return {"n": len(self.values), "p50": self.percentile(0.5), "p99": self.percentile(0.99), "max": max(self.values)}

    def is_met(self):
        return None if self.target is None else self.summary()[self.by] <= self.target

    def show(self, value):
        digits = 0 if value >= 100 else 1 if value >= 10 else 2
        return f"{value:,.{digits}f}"

    def cells(self):
        summary = self.summary()
        target = "" if self.target is None else f"{self.by} ≤ {self.show(self.target)}"
        verdict = {None: "", True: "met", False: "**missed**"}[self.is_met()]
        return [self.name, self.unit, str(summary["n"]), *(self.show(summary[key]) for key in ("p50", "p99", "max")), target, verdict]

    def line(self):
        name, unit, count, p50, p99, most, target, verdict = self.cells()
        text = f"{name}: p50 {p50}, p99 {p99}, max {most} {unit} (n {count})"
        return text + (f"; target {target}: {verdict}" if target else "") + (f"; {self.note}" if self.note else "")
