#!/usr/bin/python3
"""What users, peers and disks do wrong: one clear line, a non-zero exit, and nothing stored is lost."""

import os
import random
import socket
import subprocess
import sys

from harness import Scene, case, ed2k_link, main, must_be_equal, wait_until

NODE = """[node]
data = "{data}"
listen = "127.0.0.1:7400"
"""
TRACKER = '[bittorrent.tracker]\nlisten = ["127.0.0.1:6969"]\n'
PEER = '[bittorrent.peer]\nlisten = ["127.0.0.1:6881"]\n'


def _must_fail(run, host, argv, *words):
    """The command ends by itself with a failure and one line that has all the words."""
    done = run.command_result(host, [run.binary, *argv], 30)
    line = done.stderr.strip()
    run.note(f"{' '.join(argv[:2])}: {line}")
    run.must(done.returncode not in (0, -6, -11), f"exit code {done.returncode}")
    run.must("\n" not in line and len(line) < 400, "one line")
    for word in words:
        run.must(word in line, f"the line says “{word}”")


def _configuration(run, text, name="bad.toml"):
    path = os.path.join(run.root, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return ["--mode", "bridge", "--config", path]


@case(timeout_s=100)
def configurations(run):
    """Nodes that must not start."""
    host = run.host("node")
    node = NODE.format(data=run.folder("data"))
    tracker = node + TRACKER
    bad = lambda text, *words: _must_fail(run, host, _configuration(run, text), *words)
    bad(node + 'colour = "red"\n', "bad.toml", "colour", "4")
    bad(node + 'grace = "long"\n', "bad.toml", "grace")
    bad(node + TRACKER + "interval = -5\n", "bad.toml", "interval")
    bad(node + "[bittorrent.trakcer]\n", "bad.toml", "trakcer")
    bad(node + '[bittorrent.peer]\nlisten = ["nowhere:x"]\n', "bad.toml", "listen")
    bad(node + '[bittorrent.registrar]\ntrackers = ["gopher://x"]\n' + PEER, "gopher://x")
    bad("[node\n", "bad.toml", "1")
    bad(node, "no overlay")
    bad(tracker.replace(run.root, "/proc/nothing"), "/proc/nothing")
    bad(tracker.replace("127.0.0.1:7400", "0.0.0.0:7400"), "0.0.0.0:7400", "keys")
    bad(node + f'keys = "{run.root}/no-keys"\n' + TRACKER, "no-keys")
    _must_fail(run, host, ["--mode", "bridge", "--config", "/no/such.toml"], "/no/such.toml")
    _must_fail(run, host, ["--mode", "bridge"], "--config")


@case(timeout_s=100)
def ports_in_use(run):
    """Each port of a node, taken by somebody else; and the data folder of another node."""
    host = run.host("node")
    node = NODE.format(data=run.folder("data"))
    server = '[ed2k.server]\nlisten = "127.0.0.1:4661"\n'
    sections = {
        "7400": TRACKER,
        "6969": TRACKER,
        "6881": PEER,
        "4661": server,
        "4662": server + '[ed2k.peer]\nlisten = "127.0.0.1:4662"\n',
    }
    for port, section in sections.items():
        with host.inside(), socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", int(port)))
            taken.listen()
            _must_fail(run, host, _configuration(run, node + section), port, "in use")
    first = run.start(host, [run.binary, *_configuration(run, node + TRACKER, "first.toml")], "first")
    first.wait_for("ready")
    second = (node + TRACKER).replace("7400", "7500").replace("6969", "6970")
    _must_fail(run, host, _configuration(run, second), "data", "another")
    run.must(first.alive, "the first node goes on")


@case(timeout_s=100)
def commands(run):
    """Commands with what is no name, names that nobody knows, links that contradict themselves."""
    scene = Scene(run)
    node, host = scene.bt_node, scene.bt_node.host
    one, other = scene.file("one.bin", 300_000, 1), scene.file("other.bin", 400_000, 2)
    torrent, link = scene.torrent(one), ed2k_link(one)
    refused = lambda *words: _one_line(run, node.refused(*words))
    no_torrent = os.path.join(run.root, "no.torrent")
    with open(no_torrent, "wb") as file:
        file.write(b"d4:infod6:lengthi5e")
    refused("link", no_torrent, link)
    refused("link", "/no/such.torrent", link)
    refused("link", "ed2k://|file|x|12|short|/", link)
    refused("link", torrent.path)
    refused("link", torrent.path, ed2k_link(other))
    node.link(torrent.path, link)
    refused("names", ed2k_link(other))
    refused("names", "not a name")
    refused("fetch", link, "-o", "/no/such/folder/file")
    for argv in (["hash", "/no/such"], ["hash", run.root], ["names", "--node", "127.0.0.1:9"]):
        _must_fail(run, host, argv)
    run.must(len(node.names(link)) == 2, "what was linked is still there")


def _one_line(run, line):
    run.note(line)
    run.must("\n" not in line, "one line")


@case(timeout_s=120)
def garbage(run):
    """Random bytes, half packets and floods at every port: the node goes on and serves others."""
    scene = Scene(run)
    node = scene.bt_node
    bt_ip, ed_ip = node.bittorrent.ip, node.ed2k.ip
    seed = random.randrange(1 << 32)
    run.note(f"seed {seed}")
    noise = random.Random(seed)
    heads = [
        b"",
        b"\x13BitTorrent protocol" + bytes(8),
        b"GET /announce?info_hash=%zz HTTP/1.1\r\n",
        b"\xe3\xff\xff\xff\x7f\x01",
        b"\xc5\x10\x00\x00\x00\x01",
        b"\xd4\x10\x00\x00\x00\x01",
        b"\x00\x00\x00\x00\xff\xff\xff\xff",
    ]
    stranger = scene.stranger("stranger")
    with stranger.inside():
        for _ in range(300):
            for ip, port in ((bt_ip, 6969), (bt_ip, 6888), (ed_ip, 4661), (ed_ip, 4662)):
                message = noise.choice(heads) + noise.randbytes(noise.randrange(400))
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                    udp.sendto(message, (ip, port))
                    udp.sendto(message, (ip, port + 4))
                try:
                    with socket.create_connection((ip, port), 2) as tcp:
                        tcp.sendall(message)
                except OSError:
                    pass  # closed in the middle: as good an answer as any
    with node.host.inside(), socket.create_connection(("127.0.0.1", 7400), 2) as tcp:
        tcp.sendall(noise.randbytes(4000))
    run.must(node.process.alive, "the node runs")
    run.must(node.status()["domains"], "the node answers its operator")
    original = scene.file(size=3_000_000)
    torrent = scene.torrent(original)
    scene.transmission("seed").seed(torrent.path, scene.data)
    leech = scene.aria2("leech", torrent.magnet([scene.tracker]))
    run.wait_downloads([leech], 60)
    leech.must_hold(original)
    run.note(f"the node holds {node.process.rss_bytes() >> 20} MiB")


@case(timeout_s=150)
def full_disk(run):
    """The node's disk fills while it fetches: the fetch fails, the books stay, and with room it works."""
    disk = run.folder("bridge")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    scene = Scene(run)
    node, original = scene.bt_node, scene.file()
    torrent = scene.torrent(original)
    scene.transmission("seed").seed(torrent.path, scene.data)
    node.link(torrent.path, ed2k_link(original))
    target = os.path.join(run.root, "got.bin")
    _one_line(run, node.refused("fetch", torrent.path, "-o", target, timeout_s=60))
    run.must(not os.path.exists(target), "no half file under the wanted name")
    run.must(len(node.names(torrent.path)) == 2, "the names are still there")
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    wait_until(
        lambda: node.command("fetch", torrent.path, "-o", target, timeout_s=60, expect=None)
        is not None
        and os.path.exists(target),
        60,
        "with room the fetch works",
        1,
    )
    must_be_equal(target, original)


if __name__ == "__main__":
    sys.exit(main())
