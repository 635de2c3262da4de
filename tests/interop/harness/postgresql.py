"""A PostgreSQL server of a case's own, from Debian's package."""

import glob
import os

from .process import Failure, wait_port

PORT = 5432


class PostgreSQL:
    """Listens at the host's address; everybody in its network may log in as `owner`."""

    def __init__(self, run, host):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        if not found:
            raise Failure("PostgreSQL's server is not installed")
        self.programs = found[-1]
        self.run = run
        self.host = host
        self.folder = os.path.join(run.folder("postgresql"), "data")
        # It refuses to run as root, which the first user of a namespace is.
        self._as_somebody = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
        run.command(
            host,
            [
                *self._as_somebody,
                f"{self.programs}/initdb",
                *("-D", self.folder, "-U", "owner", "-A", "trust", "-E", "UTF8", "-N"),
                *("--locale", "C.UTF-8"),
            ],
            timeout_s=60,
        )
        with open(os.path.join(self.folder, "pg_hba.conf"), "a", encoding="ascii") as file:
            file.write("host all owner 0.0.0.0/0 trust\n")
        self.start()

    def start(self):
        self.process = self.run.start(
            self.host,
            [
                *self._as_somebody,
                f"{self.programs}/postgres",
                *("-D", self.folder, "-h", self.host.ip, "-p", PORT, "-k", ""),
            ],
            "postgresql",
        )
        wait_port(self.host, self.host.ip, PORT, process=self.process)

    @property
    def url(self):
        return f"postgresql://owner@{self.host.ip}:{PORT}/postgres"
