"""Driver of amuled, through amulecmd.

Debian's aMule 2.3.3 loses wake-ups of its own sockets now and then: a download stands still with
data in the kernel's receive queue, or an upload is never begun (fixed upstream by amule-org/amule
#871 and #882; nor does it notice closed connections, amule-project/amule #906).
`Run.wait_downloads` then restarts it; it goes on from its part files. How often that was needed is
counted and printed. It happens when data arrives faster than aMule takes it, while its two threads
run at the same time. So its hosts stand behind a line of LINE_MBIT (hardly less than it moves by
itself, about 370 kB/s up), and the whole case runs on one core where nothing preempts it: that makes
it rare.
"""

import hashlib
import os
import re
import subprocess
import time
import urllib.parse

from .files import ed2k_hash, ed2k_link, must_be_equal, stat_or_none
from .process import Failure, wait_until

CONFIG = """[eMule]
AppVersion=2.3.3
Nick={nick}
Port={port}
UDPPort={udp_port}
UDPEnable=1
Address={ip}
Autoconnect=0
Reconnect=1
RemoveDeadServer=0
DeadServerRetry=100
SafeServerConnect=0
SmartIdCheck=0
ConnectToKad=0
ConnectToED2K=1
TempDir={folder}/Temp
IncomingDir={folder}/Incoming
MaxUpload=60000
MaxDownload=0
SlotAllocation=20000
FilterLanIPs=0
ParanoidFiltering=0
IPFilterAutoLoad=0
IPFilterSystem=0
NewVersionCheck=0
UPnPEnabled=0
MaxConnectionsPerFiveSeconds=200
MinFreeDiskSpace=1
CheckDiskspace=0
FileBufferSizePref=8
AllocateFullFile=0
VerboseDebug=1
VerboseDebugLogfile=1
Ed2kServersUrl=
KadNodesUrl=
[ExternalConnect]
AcceptExternalConnections=1
ECAddress=127.0.0.1
ECPort={ec_port}
ECPassword={password_md5}
UseSecIdent=1
IpFilterClients=0
IpFilterServers=0
UPnPECEnabled=0
[Obfuscation]
IsClientCryptLayerSupported=1
IsCryptLayerRequested=0
IsClientCryptLayerRequired=0
"""

LINE_MBIT = 6
MAX_RESTARTS = 8


class AMule:
    """One amuled with a home folder of its own."""

    PASSWORD = "secret"
    EC_PORT = 4712

    def __init__(self, run, host, server, shared=(), name="", port=4662):
        """`server` is "IP:PORT" of an ed2k server that is up; `shared` are files to share (copied
        by hard link). They are hashed before the login: it offers what is known then at once, and
        what comes later after up to a minute.
        """
        self.name = name or f"amule-{host.name}"
        self.restarts = 0
        self.restarted_at = float("-inf")
        self._run = run
        self.host = host
        self._server = server
        self._wanted = {}
        self.folder = run.folder(self.name)
        self.incoming = os.path.join(self.folder, "Incoming")
        self._temp = os.path.join(self.folder, "Temp")
        os.makedirs(self.incoming)
        os.makedirs(self._temp)
        with open(os.path.join(self.folder, "amule.conf"), "w", encoding="ascii") as file:
            file.write(
                CONFIG.format(
                    nick=self.name,
                    port=port,
                    udp_port=port + 10,
                    ip=host.ip,
                    folder=self.folder,
                    ec_port=self.EC_PORT,
                    password_md5=hashlib.md5(b"secret").hexdigest(),
                )
            )
        self._shared = [ed2k_link(path) for path in shared]
        for path in shared:
            os.link(path, os.path.join(self.incoming, os.path.basename(path)))
        self._start()

    def _start(self):
        self.process = self._run.start(
            self.host,
            [*self._one_at_a_time(), "amuled", "-c", self.folder, "-o"],
            self.name,
            env={"HOME": self.folder},
        )
        wait_until(lambda: self._answers("status"), 30, f"{self.name} takes commands")
        ip, port = self._server.split(":")
        for link in self._shared:
            self.wait_shared(link)
        self.command(f"add ed2k://|server|{ip}|{port}|/")
        self.connect()

    def _one_at_a_time(self):
        """On one core neither the network thread nor the main thread runs while the other works
        on what came; and those who send it something, which are moved to that core too, do not run
        while either works. Who may not do that at least has it run to the end of its turn.
        """
        core = self._run.one_core()
        first = ["chrt", "--fifo", "1"]
        allowed = subprocess.run([*first, "true"], capture_output=True, check=False).returncode == 0
        return ["taskset", "-c", str(core), *(first if allowed else ["chrt", "--batch", "0"])]

    def _answers(self, command):
        if not self.process.alive:
            raise Failure(
                f"{self.name} ended with {self.process.exit_code}:\n{self.process.text()[-2000:]}"
            )
        try:
            return self.command(command)
        except Failure:
            return None

    def command(self, text, timeout_s=15, tries=3):
        """One amulecmd command; answers with its lines. Tries again where amuled lost the
        connection's wake-up.
        """
        argv = [
            "amulecmd",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.EC_PORT),
            "-P",
            self.PASSWORD,
            "-c",
            text,
        ]
        for _ in range(tries):
            with self.host.inside():
                try:
                    done = subprocess.run(
                        argv,
                        capture_output=True,
                        text=True,
                        errors="replace",
                        timeout=timeout_s,
                        check=False,
                        stdin=subprocess.DEVNULL,
                        env={**os.environ, "HOME": self.folder, "LC_ALL": "C.UTF-8"},
                    )
                except subprocess.TimeoutExpired:
                    fault = f"no answer in {timeout_s} s"
                    continue
            if "Succeeded! Connection established" in done.stdout:
                return done.stdout.split("Connection established", 1)[1]
            fault = f"{done.stdout.strip()} {done.stderr.strip()}"
            time.sleep(0.2)
        raise Failure(f"{self.name}: amulecmd “{text}”: {fault}")

    def connect(self, timeout_s=40):
        """Logs into the server; fails without an id in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self.command(f"connect {self._server}")
            try:
                wait_until(self.id_kind, 8, "an id")
                return
            except Failure:
                continue
        raise Failure(
            f"{self.name} got no id from the server {self._server} in {timeout_s} s: "
            f"{self.command('status')}"
        )

    def id_kind(self):
        """ "HighID", "LowID", or "" without a server."""
        match = re.search(r"eD2k: Connected to .*with (HighID|LowID)", self.command("status"))
        return match.group(1) if match else ""

    def wait_shared(self, link, timeout_s=60):
        """Waits until the file of the link was hashed and is shared."""
        wanted = ed2k_hash(link)
        wait_until(
            lambda: wanted in self.command("show shared").lower(),
            timeout_s,
            f"{self.name} shares {link}",
        )

    def wait_found(self, words, name, timeout_s=40):
        """Searches the server for words until the file of that name is among the results."""

        def found():
            self.command(f"search local {words}")
            time.sleep(1)
            return name in self.command("results")

        wait_until(found, timeout_s, f"{self.name} finds “{name}” by “{words}”", 2)

    def add(self, link):
        """Starts the download of an ed2k:// link."""
        self._wanted[link] = None
        self.command(f"add {link}")

    def source_count(self, link):
        """How many clients it knows that have what it downloads by the link."""
        listed = re.search(
            rf"{ed2k_hash(link)} .*\n.*%\]\s+\d+/\s*(\d+)", self.command("show dl"), re.IGNORECASE
        )
        if listed is None:
            raise Failure(f"{self.name} does not download {link}")
        return int(listed.group(1))

    def _path(self, link):
        return os.path.join(self.incoming, urllib.parse.unquote(link.split("|")[2]))

    def done_bytes(self):
        """Bytes of finished files and bytes on disk of unfinished ones: amuled is not asked, which
        costs it dearly.
        """
        whole = (stat_or_none(self._path(link)) for link in self._wanted)
        parts = (stat_or_none(path) for path in self.part_files())
        return sum(one.st_size for one in whole if one) + sum(
            one.st_blocks * 512 for one in parts if one
        )

    def part_files(self):
        """Paths of the unfinished downloads' data."""
        return [
            os.path.join(self._temp, name)
            for name in os.listdir(self._temp)
            if name.endswith(".part")
        ]

    def finished(self):
        return all(
            os.path.exists(self._path(link))
            and os.path.getsize(self._path(link)) == int(link.split("|")[3])
            for link in self._wanted
        )

    def restart(self, why):
        """Ends the client and starts it again on its part files; fails when that happened too
        often.
        """
        if self.restarts >= MAX_RESTARTS:
            raise Failure(
                f"{self.name} stands still after {self.restarts} restarts:\n{self.command('show dl')}"
            )
        self.restarts += 1
        self.restarted_at = time.monotonic()
        self._run.note(f"restart {self.restarts} of {self.name}: {why}")
        self.process.stop(grace_s=10)
        self._start()

    def must_hold(self, original):
        must_be_equal(os.path.join(self.incoming, os.path.basename(original)), original)

    def stop(self):
        self.process.stop()
