# SPDX-License-Identifier: Apache-2.0
"""A network of its own for a program, with one cable to the machine and nothing else: whoever is in it reaches what the test
lets it reach, and every byte that it says or hears is counted."""
import itertools
import json
import os
import subprocess
from pathlib import Path

ETHERNET_HEADER = 14
# Tests run on as many processes as there are processors, gw0, gw1 and so on, each with networks of its own.
NETWORKS = 200 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 50
_numbers = itertools.count(1)


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Network:
    """With `reaches`: an address of this machine (see MachineAddress) that the program gets to; else only `machine_ip`."""

    def __init__(self, reaches=None):
        number = next(_numbers)
        self.name = f"hf{os.getpid() % 100000}n{number}"
        self.cable = f"{self.name[:12]}v"
        self.machine_ip, self.ip = (f"10.{NETWORKS}.{number}.{end}" for end in (1, 2))
        self.reaches = reaches

    def __enter__(self):
        ip("netns", "add", self.name)
        try:
            ip("link", "add", self.cable, "type", "veth", "peer", "name", "cable", "netns", self.name)
            ip("address", "add", f"{self.machine_ip}/30", "dev", self.cable)
            ip("link", "set", self.cable, "up")
            ip("-n", self.name, "address", "add", f"{self.ip}/30", "dev", "cable")
            for device in ("cable", "lo"):
                ip("-n", self.name, "link", "set", device, "up")
            self._keep_quiet()
            if self.reaches:
                ip("-n", self.name, "route", "add", f"{self.reaches}/32", "via", self.machine_ip)
        except subprocess.CalledProcessError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "netns", "del", self.name], check=False)  # the cable goes with it

    def _keep_quiet(self):
        """What the kernels say for themselves, IPv6's advertisements and ARP, is not the program's traffic."""
        no_ipv6 = "echo 1 > /proc/sys/net/ipv6/conf/{}/disable_ipv6"
        ends = (([], self.cable, ["-n", self.name, "-j", "link", "show", "cable"], self.ip),
                (self.inside, "cable", ["-j", "link", "show", self.cable], self.machine_ip))
        for wrapper, device, show_other, other_ip in ends:
            subprocess.run([*wrapper, "sh", "-c", no_ipv6.format(device)], check=False)  # there may be none
            other = json.loads(ip(*show_other))[0]["address"]
            subprocess.run([*wrapper, "ip", "neighbour", "replace", other_ip, "lladdr", other, "dev", device, "nud", "permanent"],
                           check=True)

    @property
    def inside(self):
        """A wrapper: the program runs in it."""
        return ["ip", "netns", "exec", self.name]

    def ip_bytes(self):
        """Both ways so far, IP headers included and Ethernet's not."""
        def counter(name):
            return int(Path(f"/sys/class/net/{self.cable}/statistics/{name}").read_text())
        return sum(counter(f"{way}_bytes") - ETHERNET_HEADER * counter(f"{way}_packets") for way in ("rx", "tx"))


class MachineAddress:
    """An address of this machine beside 127.0.0.1, for a while."""

    def __init__(self):
        self.ip = f"10.199.{os.getpid() % 250}.{next(_numbers)}"

    def __enter__(self):
        ip("address", "add", f"{self.ip}/32", "dev", "lo")
        return self

    def __exit__(self, *_):
        subprocess.run(["ip", "address", "del", f"{self.ip}/32", "dev", "lo"], check=False)
