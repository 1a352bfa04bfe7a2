# SPDX-License-Identifier: Apache-2.0
"""The way to have a program die at its n-th point (crash_layer.cpp)."""
import machine

LIBRARY = machine.BIN.parent / "lib/libholdfast-crash-layer.so"
KILL = None
ALL_LOST = 0  # a power cut; any other number is a seed


class CrashLayer:
    def __init__(self, program, folder, *under, peer):
        assert LIBRARY.exists(), f"{LIBRARY} is not there; build it with: ninja -C build/dev preload-layers"
        self.program, self.under, self.peer = program, under, peer
        self.report = folder / "died"
        self.stash = folder / "stash"
        self.stash.mkdir(parents=True)

    def at(self, point, power=KILL):
        """Words before a command: it dies at that point."""
        self.report.unlink(missing_ok=True)
        for kept in self.stash.iterdir():
            kept.unlink()
        words = {"LD_PRELOAD": LIBRARY, "HOLDFAST_CRASH_PROGRAM": self.program, "HOLDFAST_CRASH_AT": point,
                 "HOLDFAST_CRASH_PEER": self.peer, "HOLDFAST_CRASH_UNDER": ":".join(map(str, self.under)),
                 "HOLDFAST_CRASH_STASH": self.stash,
                 "HOLDFAST_CRASH_REPORT": self.report}
        if power is not KILL:
            words["HOLDFAST_CRASH_POWER"] = power
        return ["env", *(f"{name}={value}" for name, value in words.items())]

    def death(self):
        """What the program was about to do when it died; None: it did not."""
        return self.report.read_text().strip() if self.report.exists() else None


class Points:
    """The points of a scenario, from the first to where nothing dies any more; with a stride only every n-th, from
    a random one on."""

    MISSES_MAX = 3

    def __init__(self, stride, first):
        self.point, self.stride = first, stride
        self.deaths = []
        self.misses = 0

    def __iter__(self):
        while self.misses < self.MISSES_MAX:
            yield self.point
            self.point += self.stride

    def note(self, death):
        self.misses = 0 if death else self.misses + 1
        if death:
            self.deaths.append(death)
