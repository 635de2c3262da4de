#!/usr/bin/python3
"""Several clients on both sides; the node beside the sources is killed with -9 and comes back."""

import sys

from harness import Scene, case, ed2k_link, main


def _kill_and_return(run, node, clients, size):
    """A `watch` for wait_downloads: kills the node when the first client holds a third, starts it 5
    s later.
    """
    state = {"dead_since": None, "done": False}

    def watch():
        if state["done"]:
            return
        if state["dead_since"] is None:
            if max(client.done_bytes() for client in clients) > size / 3:
                run.note(
                    f"kill -9 {node.name}; clients hold "
                    + ", ".join(f"{client.done_bytes():,}" for client in clients)
                )
                node.kill()
                state["dead_since"] = run.now()
        elif run.now() - state["dead_since"] > 5:
            node.start()
            state["done"] = True
            run.note(f"{node.name} is back")

    return watch, state


def _check(run, scene, state, clients, original):
    run.must(state["done"], "the node was killed and came back")
    for client in clients:
        client.must_hold(original)
    size = scene.size_of(original)
    # A session that broke is one receipt, the one after it another; each counts a byte of the
    # content once.
    scene.must_have_crossed(size, at_most=3 * size)


@case(timeout_s=320)
def ed2k_to_bittorrent(run):
    """Two aMules share, aria2 and Transmission download; the ed2k side's node dies."""
    scene = Scene(run, two_nodes=True)
    original = scene.file()
    torrent = scene.torrent(original)
    seeds = [scene.amule(name, [original]) for name in ("seed-1", "seed-2")]
    scene.bt_node.link(torrent.path, ed2k_link(original))
    leeches = [
        scene.aria2("leech-1", torrent.magnet([scene.tracker])),
        scene.transmission("leech-2"),
    ]
    leeches[1].add(torrent.path)
    watch, state = _kill_and_return(run, scene.ed_node, leeches, scene.size_of(original))
    seconds = run.wait_downloads(leeches, 260, sources=seeds, watch=watch, stall_s=45)
    run.note(
        f"both hold the file after {seconds:.1f} s; aMule restarts: {sum(seed.restarts for seed in seeds)}"
    )
    _check(run, scene, state, leeches, original)


@case(timeout_s=320)
def bittorrent_to_ed2k(run):
    """Two Transmissions seed, two aMules download; the BitTorrent side's node dies."""
    scene = Scene(run, two_nodes=True)
    original = scene.file()
    torrent = scene.torrent(original)
    for name in ("seed-1", "seed-2"):
        scene.transmission(name).seed(torrent.path, scene.data)
    scene.ed_node.link(torrent.path, ed2k_link(original))
    leeches = [scene.amule(name) for name in ("leech-1", "leech-2")]
    for leech in leeches:
        leech.add(ed2k_link(original))
    watch, state = _kill_and_return(run, scene.bt_node, leeches, scene.size_of(original))
    seconds = run.wait_downloads(leeches, 260, watch=watch, stall_s=20)
    run.note(
        f"both hold the file after {seconds:.1f} s; aMule restarts: {sum(leech.restarts for leech in leeches)}"
    )
    _check(run, scene, state, leeches, original)


if __name__ == "__main__":
    sys.exit(main())
