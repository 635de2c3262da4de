"""A client of the PPSP tracker protocol (RFC 7846) that shares no code with the program under test;
written by the same people after the same notes on the RFC.

    pptp.py TRACKER_URL SWARM_ID seed|leech IP:PORT

Joins the swarm, says so, prints "peer IP:PORT" for each other party it is told of, reports every two
seconds, and leaves when it is ended.
"""

import json
import random
import signal
import sys
import time
import urllib.request

MEDIA_TYPE = "application/ppsp-tracker+json"


class Refused(Exception):
    """The tracker's error code."""


class Member:
    def __init__(self, url, swarm, seeds, address):
        self.url, self.swarm, self.seeds, self.address = url, swarm, seeds, address
        self.peer_id = "".join(random.choice("0123456789abcdef") for _ in range(20))
        self.told = set()

    def ask(self, request_type, body):
        message = {
            "version": 1,
            "request_type": request_type,
            "transaction_id": str(random.randrange(10**9)),
            "peer_id": self.peer_id,
            **body,
        }
        request = urllib.request.Request(
            self.url,
            json.dumps({"PPSPTrackerProtocol": message}).encode(),
            {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            out = json.load(answer)["PPSPTrackerProtocol"]
        if out["transaction_id"] != message["transaction_id"]:
            raise Refused("another transaction's answer")
        if out["response_type"] != 0:
            raise Refused(str(out.get("error_code")))
        return out

    def _act(self, action):
        ip, port = self.address.rsplit(":", 1)
        mine = {
            "ip_address": {"address_type": "ipv4", "address": ip},
            "port": int(port),
            "priority": 1,
            "type": "HOST",
            "connection": "wired",
            "peer_protocol": "PPSP-PP",
        }
        mode = "SEEDER" if self.seeds else "LEECH"
        numbers = {"peer_count": 20, "ability_nat": "NO_NAT", "concurrent_links": 5}
        return self.ask(
            "CONNECT",
            {
                "connect": {
                    "peer_num": {**numbers, "online_time": 200, "upload_bandwidth": 600},
                    "peer_addr": mine,
                    "swarm_action": [
                        {"swarm_id": self.swarm, "action": action, "peer_mode": mode}
                    ],
                }
            },
        )

    def join(self):
        self._hear(self._act("JOIN"))

    def leave(self):
        self._act("LEAVE")

    def find(self):
        self._hear(self.ask("FIND", {"find": {"swarm_id": self.swarm}}))

    def report(self):
        stat = {
            "swarm_id": self.swarm,
            "uploaded_bytes": 512,
            "downloaded_bytes": 768,
            "available_bandwidth": 1_000_000,
        }
        self.ask("STAT_REPORT", {"stat_report": {"type": "STREAM_STATS", "stat": [stat]}})

    def _hear(self, answer):
        for result in _several(answer.get("swarm_result")):
            group = result.get("peer_group") or {}
            for peer in _several(group.get("peer_info")):
                for at in _several(peer["peer_addr"]):
                    text = f"{at['ip_address']['address']}:{at['port']}"
                    if text not in self.told and text != self.address:
                        self.told.add(text)
                        print("peer", text, flush=True)


def _several(one):
    if one is None:
        return []
    return one if isinstance(one, list) else [one]


def main():
    url, swarm, mode, address = sys.argv[1:]
    member = Member(url, swarm, mode == "seed", address)

    def end(_number, _frame):
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    member.join()
    print("joined", flush=True)
    try:
        while True:
            time.sleep(1)
            member.report()
            if not member.seeds:
                member.find()
    finally:
        member.leave()


if __name__ == "__main__":
    main()
