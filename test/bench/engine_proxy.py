# SPDX-License-Identifier: Apache-2.0
"""Stands between an agent and its container engine, and notes when each call was on its way: what is left of a time is the agent's own."""
import dataclasses
import os
import select
import socket
import threading
import time


@dataclasses.dataclass
class Call:
    line: str            # of the request: "POST /v1.41/containers/create?name=… HTTP/1.1"
    began: float         # when the agent had sent its head
    heard: list          # when the engine said something
    ended: float = None  # when the last of its answer was through


class EngineProxy:
    def __init__(self, engine, path):
        self.engine, self.path = str(engine), str(path)
        self.calls = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                agent, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(agent,), daemon=True).start()

    def _relay(self, agent):
        engine = socket.socket(socket.AF_UNIX)
        try:
            engine.connect(self.engine)
        except OSError:
            agent.close()
            return
        call = None
        ends = {agent: engine, engine: agent}
        try:
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(1 << 16)
                    if not data:
                        return
                    ends[end].sendall(data)
                    now = time.time()
                    if end is agent and call is None:
                        call = Call(data.split(b"\r\n", 1)[0].decode(), now, [])
                        self.calls.append(call)
                    elif end is engine and call is not None:
                        call.heard.append(now)
                        call.ended = now
        except OSError:
            pass
        finally:
            agent.close()
            engine.close()

    def of(self, since, *words):
        """Calls that began since then and whose line has all of the words."""
        return [call for call in list(self.calls) if call.began >= since and all(word in call.line for word in words)]

    def busy(self, begin, end):
        """Seconds in between in which the engine had a call to answer; the stream of events is none."""
        spans = sorted((max(call.began, begin), min(call.ended or end, end)) for call in list(self.calls)
                       if "/events" not in call.line and call.began < end and (call.ended or end) > begin)
        total, upto = 0.0, begin
        for start, stop in spans:
            total += max(0.0, stop - max(start, upto))
            upto = max(upto, stop)
        return total

    def heard_of_event(self, since):
        """When the engine first said something on its stream of events since then; None: nothing yet."""
        times = [at for call in list(self.calls) if "/events" in call.line for at in call.heard if at >= since]
        return min(times, default=None)

    def close(self):
        self._listener.close()
        os.unlink(self.path)
