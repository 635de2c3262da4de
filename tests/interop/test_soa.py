#!/usr/bin/python3
"""SOA mode: a content is published once into a cluster of several processes, and clients of every
overlay get it from there.
"""

import csv
import io
import json
import os
import sys
import threading
import time

from harness import Cluster, Failure, Origin, case, main, wait_until

GIB = 1 << 30


@case(timeout_s=280, cpu=2)
def one_copy_serves_all(run):
    """A gigabyte to a cluster of three storage and two access nodes; the clients know nothing but
    the links that `publish` printed.
    """
    cluster = Cluster(run)
    original = cluster.file(size=GIB)
    published = cluster.publish(original, "--title", "content.bin")
    run.note(f"published as {published['content']}")
    magnet = cluster.link(published, "magnet:?xt=urn:btih")
    aria2 = cluster.aria2("aria2", magnet)
    transmission = cluster.transmission("transmission", magnet)
    seconds = run.wait_downloads([aria2, transmission], 200)
    run.note(f"aria2 and Transmission hold it after {seconds:.1f} s")
    aria2.must_hold(original)
    transmission.must_hold(original)
    url = cluster.link(published, "http://")
    reader = cluster.client_host("curl")
    target = run.folder("curl") + "/content.bin"
    cluster.curl(reader, "-f", "-o", target, url)
    run.must(cluster.sha256(target) == cluster.sha256(original), "curl holds the same bytes")
    part = run.folder("curl") + "/part"
    cluster.curl(reader, "-f", "-r", "1000000007-1000070006", "-o", part, url)
    with open(original, "rb") as file:
        file.seek(1_000_000_007)
        run.must(open(part, "rb").read() == file.read(70_000), "a range is that range")
    used = cluster.disk_bytes()
    limit = cluster.copies * GIB * 1.02
    run.note(f"the storage nodes' disks hold {used:,} bytes, {used / GIB:.3f} of the content")
    run.must(used <= limit, f"{used:,} bytes are at most {limit:,.0f}")


@case(timeout_s=3600, by_hand=True)
def gigabyte_to_amule(run):
    """The same gigabyte to an aMule: three quarters of an hour on its slow line."""
    cluster = Cluster(run)
    original = cluster.file(size=GIB)
    published = cluster.publish(original)
    leech = cluster.amule("amule", cluster.link(published, "ed2k://"))
    seconds = run.wait_downloads([leech], 3400)
    leech.must_hold(original)
    run.note(f"aMule holds it after {seconds:.0f} s")


@case(timeout_s=230)
def ed2k_client(run):
    cluster = Cluster(run)
    original = cluster.file()
    published = cluster.publish(original)
    leech = cluster.amule("amule", cluster.link(published, "ed2k://"))
    run.wait_downloads([leech], 150)
    leech.must_hold(original)
    charged_for_each_delivery(run, cluster, original, published)


def charged_for_each_delivery(run, cluster, original, published):
    """After an aMule has the whole content, two clients of HTTP and two of BitTorrent take it as
    well, one after the other: each of them counts.
    """
    size = os.path.getsize(original)
    url = cluster.link(published, "http://")
    reader = cluster.client_host("reader")
    for _ in range(2):
        cluster.curl(reader, "-f", "-o", "/dev/null", url)
    for n in range(2):
        client = cluster.aria2(f"aria2-{n}", cluster.link(published, "magnet:?xt=urn:btih"))
        run.wait_downloads([client], 40)
        client.must_hold(original)
        # So that the next one gets nothing from it.
        client.stop()
    served = {}

    def account():
        [own] = [a for a in cluster.provider("account")["accounts"] if a["kind"] == "tenant"]
        run.must(own["name"] == "publisher", f"the provider's own account: {own}")
        settled = served == own["served"]
        served.update(own["served"])
        least = {"ed2k": size, "bittorrent": 2 * size, "http": 2 * size}
        whole = all(served.get(overlay, 0) >= n for overlay, n in least.items())
        return own if whole and settled else None

    try:
        own = wait_until(account, 30, "the account shows every delivery", 2)
    except Failure:
        raise Failure(f"the account never showed every delivery of {size:,} bytes: {served}") from None
    run.note(f"{size:,} bytes were served as {served}, {own['byte_hours']} byte-hours stored")
    run.must(served["http"] == 2 * size, "HTTP is counted to the byte")
    run.must(int(own["byte_hours"]) > 0, "the time is counted")
    run.must(own["stored_bytes"] == size, "what is stored now")
    operator = cluster.access[0].ask("account", "--tenant", "publisher")["accounts"]
    run.must([a["served"] for a in operator] == [served], f"the operator sees the same: {operator}")
    lines = cluster.access[0].command("account", "--export", "jsonl").splitlines()
    records = [json.loads(line) for line in lines]
    sent = sum(r["sc-entity-bytes"] for r in records if r["x-tenant"] == "publisher")
    run.must(sent == sum(served.values()), f"the export has as much: {records}")
    text = cluster.access[0].command("account", "--export", "csv")
    table = list(csv.DictReader(io.StringIO(text)))
    run.must([r["x-receipt"] for r in table] == [r["x-receipt"] for r in records], "CSV, too")
    stored = cluster.access[0].command("account", "--export", "jsonl", "--records", "stored")
    run.must(json.loads(stored)["s-ccid"] == published["content"], f"what is stored: {stored}")
    crossed = []
    for node in cluster.access:
        lines = node.command("ledger", "--export", "jsonl").splitlines()
        crossed += [json.loads(line) for line in lines]
    run.must(crossed, "the ledgers have entries")
    run.must(all(e["x-tenant"] == "publisher" for e in crossed), f"with the tenant: {crossed}")


@case(timeout_s=230, cpu=2)
def storage_nodes_lost(run):
    """Two of five storage nodes are killed in turn while four clients download."""
    cluster = Cluster(run, storage=5)
    original = cluster.file(size=200_000_000)
    published = cluster.publish(original, "--title", "content.bin")
    magnet = cluster.link(published, "magnet:?xt=urn:btih")
    clients = [cluster.aria2(f"aria2-{n}", magnet, line_mbit=30) for n in range(2)]
    clients += [cluster.transmission(f"transmission-{n}", magnet, line_mbit=30) for n in range(2)]
    lost = [cluster.storage[1], cluster.storage[3]]
    state = {"killed": 0, "told": 0}

    def repaired():
        repair = look()
        return repair["passes"] > 0 and not repair["running"] and not repair["missing_copies"]

    def look():
        repair = cluster.state()["repair"]
        state["told"] = max(state["told"], repair["made_copies"])
        return repair

    def kill_in_turn():
        look()
        if state["killed"] < 2 and min(c.done_bytes() for c in clients) > 20_000_000:
            if state["killed"] == 1 and not all(n == 2 for n in copies()):
                return
            lost[state["killed"]].kill()
            state["killed"] += 1
            run.note(f"killed storage node {state['killed']}")

    def copies():
        alive = [n for n in cluster.storage if n.process.alive]
        return cluster.copies_of(original, alive)

    run.wait_downloads(clients, 180, watch=kill_in_turn, step_s=1)
    for client in clients:
        client.must_hold(original)
    run.must(state["killed"] == 2, "both nodes were killed during the downloads")
    wait_until(repaired, 60, "the repair says that all is there", 1)
    run.note(f"status told of {state['told']} copies made in one pass")
    run.must(state["told"] > 0, "status told of copies that were made")
    counts = copies()
    run.must(all(n >= 2 for n in counts), f"every chunk has two copies on the disks: {counts}")


@case(timeout_s=120)
def bit_rot(run):
    """A flipped byte on a disk is never delivered, is found, and is healed."""
    cluster = Cluster(run, access=1, storage_tables={"scrub_interval": 10})
    original = cluster.file()
    published = cluster.publish(original)
    victim = cluster.storage[0]
    damaged = cluster.chunk_files(victim)
    run.must(len(damaged) > 1, "the node has chunks of the content")

    def flip():
        for image in damaged:
            with open(image, "r+b") as file:
                file.seek(-1, 2)
                old = file.read(1)
                file.seek(-1, 2)
                file.write(bytes([old[0] ^ 1]))
        counts = cluster.copies_of(original)
        run.must(counts.count(1) == len(damaged), f"one copy of each of them is damaged: {counts}")

    def healed():
        return min(cluster.copies_of(original)) == 2

    # Nobody reads it: only the scrub can find it.
    flip()
    wait_until(healed, 90, "the scrub found them and the copies are healed", 1)
    # Readers come first to the node of some of these chunks, and get them from the other one.
    flip()
    target = run.folder("out") + "/content.bin"
    cluster.access[0].command("fetch", published["content"], "-o", target)
    run.must(cluster.sha256(target) == cluster.sha256(original), "what is delivered is right")
    wait_until(healed, 90, "the copies are healed again", 1)


@case(timeout_s=150)
def rights(run):
    """An unregistered party, a revoked one and an expired URL get nothing; a registered one gets
    what it may.
    """
    keys = run.folder("secrets") + "/url.keys"
    with open(keys, "w", encoding="ascii") as file:
        file.write("k1 0123456789abcdef0123456789abcdef\n")
    cluster = Cluster(run, access=1, tables={"access": {"url_keys": keys}})
    original = cluster.file(size=300_000_000)
    closed = cluster.publish(original, "--closed")
    run.must(not closed["links"], "no link is printed for what is not open")
    access = cluster.access[0]
    reader = cluster.client_host("reader", line_mbit=100)
    url = f"http://{access.bittorrent.ip}:8080/content/{closed['content']}"

    def status(*words):
        return cluster.curl(reader, "-o", "/dev/null", "-w", "%{http_code}", *words, url)

    def token_of(party, *rights):
        path = f"{run.folder('secrets')}/{party}"
        with open(path, "w", encoding="ascii") as file:
            file.write(access.ask("party", "add", party, *rights)["token"] + "\n")
        return path

    member = token_of("member", "--tenant", "publisher")
    other = token_of("other", "--tenant", "somebody-else")
    forged = run.folder("secrets") + "/forged"
    with open(forged, "w", encoding="ascii") as file:
        file.write("00" * 32 + "\n")

    def bearer(path):
        with open(path, encoding="ascii") as file:
            return ("-H", f"Authorization: Bearer {file.read().strip()}")

    def fetch(token, process=False):
        argv = [run.binary, "fetch", closed["content"], "-o", run.folder("out") + "/got"]
        argv += ["--token-file", token, *cluster.credentials("stranger", access)]
        if process:
            return run.start(access.host, argv, "fetch")
        return run.command_result(access.host, argv, 60)

    run.must(status() == "404", "without a right it is not there")
    run.must(status(*bearer(other)) == "404", "nor for another tenant's party")
    run.must(status(*bearer(forged)) == "404", "nor with a forged token")
    run.must(status("-r", "0-9", *bearer(member)) == "206", "its tenant's party gets it")
    for token in (other, forged):
        run.must(fetch(token).returncode != 0, "no session gives it to others")
    run.must(fetch(member).returncode == 0, "a session gives it to its tenant's party")
    run.must(cluster.sha256(run.folder("out") + "/got") == cluster.sha256(original), "whole")

    shows_own_account_only(run, cluster, token_of, closed, os.path.getsize(original))

    # A signature is good until its time has come.
    signed = run.command(
        reader, [run.binary, "sign", closed["content"], "--url-keys", keys, "--for", "3s"]
    ).strip()
    query = signed.split("?")[1]
    url = f"{url}?{query}"
    run.must(status("-r", "0-9") == "206", "the signed URL gives it")
    time.sleep(4)
    run.must(status("-r", "0-9") == "403", "the expired URL does not")
    url = url.replace("sig=", "sig=00")
    run.must(status("-r", "0-9") == "403", "nor a wrong signature")

    # Revocation cuts what is under way.
    part = run.folder("out") + "/got.part"
    session = fetch(member, process=True)
    wait_until(lambda: os.path.exists(part) and os.path.getsize(part), 20, "bytes come", 0.01)
    access.command("party", "revoke", "member")
    wait_until(lambda: not session.alive, 20, "the session's transfer has ended")
    run.must(session.exit_code != 0, "and not well")
    url = url.split("?")[0]
    run.must(status("-r", "0-9", *bearer(member)) == "404", "the revoked token gives nothing")
    run.must(fetch(member).returncode != 0, "and opens no session")

    # Strangers have no part in the cluster and publish nothing.
    argv = [run.binary, "publish", original, *cluster.credentials("stranger")]
    refused = run.command_result(cluster.service.host, argv, 30)
    run.must(refused.returncode != 0 and "denied" in refused.stderr, f"refused: {refused.stderr}")


def shows_own_account_only(run, cluster, token_of, closed, size):
    """`member` took the closed content once by session and ten bytes of it by HTTP."""
    access = cluster.access[0]
    books = token_of("books", "--account", "publisher", "--no-take")

    def account(token, *words):
        argv = [run.binary, "account", "--token-file", token, *words]
        argv += cluster.credentials("stranger", access)
        return run.command_result(access.host, argv, 30)

    def accounts(token, *words):
        done = account(token, "--json", *words)
        run.must(done.returncode == 0, f"the account is shown: {done.stderr}")
        return json.loads(done.stdout)["accounts"]

    folder = run.folder("secrets")
    own = {"kind": "party", "name": "member", "served": {"rpc": size, "http": 10}}
    wait_until(lambda: accounts(f"{folder}/member") == [own], 20, f"the account is {own}", 1)
    run.must(accounts(f"{folder}/other") == [], "who took nothing sees nothing")
    [tenant] = accounts(books)
    run.must(tenant["name"] == "publisher", f"its tenant's account: {tenant}")
    run.must(tenant["served"] == own["served"], f"{tenant}")
    run.must(tenant["stored_bytes"] == size, f"{tenant}")
    seen = {(a["kind"], a["name"]) for a in accounts(books, "--tenant", "publisher")}
    run.must(seen == {("tenant", "publisher"), ("party", "member")}, f"with its takers: {seen}")
    lines = account(f"{folder}/member", "--export", "jsonl").stdout.splitlines()
    records = [json.loads(line) for line in lines]
    run.must({r["x-party"] for r in records} == {"member"}, f"{records}")
    run.must(sum(r["sc-entity-bytes"] for r in records) == size + 10, f"{records}")
    stored = account(books, "--export", "jsonl", "--records", "stored").stdout
    run.must(json.loads(stored)["s-ccid"] == closed["content"], f"what is stored: {stored}")
    refused = {
        "another tenant": account(books, "--tenant", "somebody-else"),
        "a party without a tenant": account(f"{folder}/member", "--tenant", "publisher"),
        "what a party stores": account(
            f"{folder}/other", "--export", "csv", "--records", "stored"
        ),
        "a wrong token": account(f"{folder}/forged"),
    }
    for what, done in refused.items():
        run.must(done.returncode == 1 and "denied" in done.stderr, f"{what}: {done.stderr}")
        run.must("s-ccid" not in done.stdout, f"{what}: {done.stdout}")


@case(timeout_s=150)
def pulled_from_an_origin(run):
    """The origin dies half-way and comes back; it gives each byte once."""
    cluster = Cluster(run, access=1)
    original = cluster.file(name="pulled.bin", size=40_000_000)
    origin = Origin(run, cluster.backstage, original, rate=8_000_000)
    state = {}

    def outage():
        while origin.given_bytes() < 15_000_000:
            time.sleep(0.05)
        origin.process.kill()
        state["killed_at"] = origin.given_bytes()
        time.sleep(4)
        origin.start()

    breaker = threading.Thread(target=outage)
    breaker.start()
    published = cluster.publish(origin.url)
    breaker.join()
    run.note(f"the origin was killed after {state['killed_at']:,} bytes")
    run.must(published["title"] == "pulled.bin", "the title is the URL's file name")
    origin.must_have_given_once()
    target = run.folder("out") + "/pulled.bin"
    reader = cluster.client_host("reader")
    cluster.curl(reader, "-f", "-o", target, cluster.link(published, "http://"))
    run.must(cluster.sha256(target) == cluster.sha256(original), "what was pulled is right")


@case(timeout_s=150)
def upload_resumed(run):
    """A killed `publish` goes on where it was; one whose service node is killed begins again."""
    cluster = Cluster(run, access=1)

    def begin(path):
        argv = [run.binary, "publish", path, "--json", *cluster.credentials()]
        return run.start(cluster.service.host, argv, "publish")

    def stored_at_least(count):
        wait_until(lambda: cluster.disk_bytes() >= count, 60, f"{count:,} bytes are stored", 0.01)

    first = cluster.file(name="first.bin", size=GIB, seed=1)
    publish = begin(first)
    stored_at_least(200_000_000)
    run.must(publish.alive, "it is killed in the middle")
    publish.kill()
    publish = begin(first)
    publish.wait_for("goes on where it was, at ", 30)
    run.must(publish.wait_end(90) == 0, "the second command ends well")
    second = cluster.file(name="second.bin", size=GIB // 2, seed=2)
    before = cluster.disk_bytes()
    publish = begin(second)
    stored_at_least(before + 200_000_000)
    cluster.service.kill()
    run.must(publish.alive, "the service node is killed in the middle")
    cluster.service.start()
    publish.wait_for("it begins again", 60)
    run.must(publish.wait_end(90) == 0, "the command ends well")
    used, limit = cluster.disk_bytes(), cluster.copies * GIB * 1.5 * 1.02
    run.note(f"the storage nodes' disks hold {used:,} bytes, {limit:,.0f} are allowed")
    run.must(used <= limit, f"nothing is stored twice: {used:,} bytes are at most {limit:,.0f}")
    for path in (first, second):
        counts = cluster.copies_of(path)
        run.must(min(counts) >= 2, f"every chunk of {path} has two copies")


@case(timeout_s=150)
def service_node_replaced(run):
    """Two service nodes share a database; one is killed, and nothing that was acknowledged is
    lost.
    """
    cluster = Cluster(run, services=2, access=1)
    first, second = cluster.services
    acknowledged = {}
    state = {"stop": False}

    def publish_all():
        for n in range(1000):
            if state["stop"]:
                return
            path = cluster.file(name=f"file-{n}.bin", size=100_000 + n, seed=n)
            try:
                published = cluster.publish(path, node=first, timeout_s=15)
                acknowledged[published["content"]] = path
            except Failure:
                return

    publisher = threading.Thread(target=publish_all)
    publisher.start()
    wait_until(lambda: len(acknowledged) >= 8, 60, "eight contents are published")
    first.kill()
    state["stop"] = True
    publisher.join()
    run.note(f"{len(acknowledged)} contents were acknowledged when the service node was killed")
    after = cluster.publish(cluster.file(name="after.bin", size=5_000_000, seed=5000), node=second)
    acknowledged[after["content"]] = cluster.data + "/after.bin"
    known = {p["content"] for p in cluster.provider("publications", node=second)["publications"]}
    run.must(set(acknowledged) <= known, "all are in the catalogue")
    reader = cluster.client_host("reader")
    door = cluster.link(after, "http://").split("/content/")[0]
    target = run.folder("out") + "/file"
    for content, path in acknowledged.items():
        cluster.curl(reader, "-f", "-o", target, f"{door}/content/{content}")
        run.must(cluster.sha256(target) == cluster.sha256(path), f"{path} is served")
    wait_until(
        lambda: cluster.state(second)["leader"] == second.name, 60, "the other one leads", 1
    )
    run.must_all_live()


if __name__ == "__main__":
    sys.exit(main())
