#!/usr/bin/env python3
"""Makes the raw recordings behind tests/fixtures/findings, each of a condition that is really there.

    tests/support/findings.py SOCKWATCH FOLDER [NAME...]

Needs root, ip, nft and unshare. Every recording is made in namespaces of its own (network, processes, host name), so
that nothing of this machine is in it, and the condition begins and ends while it is recorded. They are made neutral and
put in their place afterwards, as the documentation of tests/offline/findings_recorded.rs describes.

Here is 10.0.0.3 (web-3); 10.0.0.7, 10.0.0.8 and 10.0.0.20 are at the other end of a cable.
"""

import ctypes
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import time

HERE, APP, OTHER, DB, NOBODY = "10.0.0.3", "10.0.0.7", "10.0.0.8", "10.0.0.20", "10.0.0.99"
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def run(line):
    subprocess.run(line.split(), check=True)


def sysctl(name, value):
    with open("/proc/sys/net/" + name.replace(".", "/"), "w") as file:
        file.write(str(value))


def nft(rules):
    subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True)


class Orders:
    """What a process is told while it runs."""

    def __init__(self, pipe):
        self.pipe = pipe

    def within(self, seconds):
        ready, _, _ = select.select([self.pipe], [], [], max(seconds, 0))
        return os.read(self.pipe, 100).decode() if ready else None

    def wait(self):
        return os.read(self.pipe, 100).decode()


class Actor:
    """A process with a name, on this side or the other."""

    def __init__(self, name, work, *arguments, far=None):
        read, self.orders = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.orders)
                with open("/proc/self/comm", "w") as file:
                    file.write(name)
                if far:
                    enter(far)
                work(Orders(read), *arguments)
            except BaseException as error:  # what went wrong is all that is of interest
                print(f"{name}: {error!r}", file=sys.stderr)
                os._exit(1)
            os._exit(0)
        os.close(read)

    def tell(self, text="go"):
        os.write(self.orders, text.encode())

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def enter(pid):
    with open(f"/proc/{pid}/ns/net") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


def live_far(orders, ready):
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    os.write(ready, b".")
    orders.wait()


class Link:
    """The cable. `far` is a process that is on its other side."""

    def __init__(self):
        seen, ready = os.pipe()
        self.keeper = Actor("far", live_far, ready)
        self.far = self.keeper.pid
        os.read(seen, 1)
        run(f"ip link add near0 type veth peer name far0 netns {self.far}")
        run("ip link set near0 address 02:00:00:00:00:03")
        run(f"ip addr add {HERE}/24 dev near0")
        run("ip link set near0 up")
        for address in (APP, OTHER, DB):
            self.there(f"ip addr add {address}/24 dev far0")
        self.there("ip link set far0 address 02:00:00:00:00:07")
        self.there("ip link set far0 up")
        self.there("ip link set lo up")
        for address in (APP, OTHER, DB):
            run(f"ip neigh replace {address} lladdr 02:00:00:00:00:07 nud permanent dev near0")
        run(f"ip neigh replace {NOBODY} lladdr 02:00:00:00:00:63 nud permanent dev near0")
        self.there(f"ip neigh replace {HERE} lladdr 02:00:00:00:00:03 nud permanent dev far0")

    def there(self, line):
        run(f"nsenter --net=/proc/{self.far}/ns/net {line}")

    def nft_there(self, rules):
        command = ["nsenter", f"--net=/proc/{self.far}/ns/net", "nft", "-f", "-"]
        subprocess.run(command, input=rules.encode(), check=True)


def listener(address, port, backlog):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((address, port))
    server.listen(backlog)
    return server


def connect(source, target, wait=True):
    client = socket.socket()
    client.setblocking(wait)
    if source:
        client.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        client.bind((source, 0))
    client.connect_ex(target)
    return client


# What processes do.


def forgetful(orders, port):
    """Accepts, reads to the end, and closes nothing until it is told to."""
    server = listener(HERE, port, 128)
    kept = []
    while orders.within(0) is None:
        ready, _, _ = select.select([server], [], [], 0.1)
        if ready:
            kept.append(server.accept()[0])
    for connection in kept:
        connection.close()
    orders.wait()


def come_and_go(orders, target, each, number):
    """Connects from two hosts in turn, and closes at once."""
    for at in range(number):
        connect((APP, APP, OTHER)[at % 3], target).close()
        time.sleep(each)
    orders.wait()


def close_first(orders, target, per_s, number):
    """Opens and closes, one connection for each request."""
    pace(lambda _: connect(None, target).close(), per_s, number)
    orders.wait()


def pace(work, per_s, number):
    start = time.monotonic()
    for at in range(number):
        time.sleep(max(0, start + at / per_s - time.monotonic()))
        work(at)


def polite(orders, address, port):
    """Accepts, and closes once the other side has."""
    server = listener(address, port, 1024)
    open_ones = {}
    while orders.within(0) is None:
        ready, _, _ = select.select([server, *open_ones.values()], [], [], 0.1)
        for one in ready:
            if one is server:
                connection = server.accept()[0]
                open_ones[connection.fileno()] = connection
            elif not one.recv(65536):
                del open_ones[one.fileno()]
                one.close()


def brusque(orders, address, port):
    """Accepts, and closes first."""
    server = listener(address, port, 1024)
    while orders.within(0) is None:
        ready, _, _ = select.select([server], [], [], 0.1)
        if ready:
            server.accept()[0].close()


def wait_for_close(orders, target, per_s, number):
    """Connects, and closes once the server has."""

    def visit(_):
        client = connect(None, target)
        client.recv(1)
        client.close()

    pace(visit, per_s, number)
    orders.wait()


def hold(orders, target, number, per_s):
    """Opens connections and keeps them until it is told; the other side closes first then."""
    kept = []
    pace(lambda _: kept.append(connect(None, target)), per_s, number)
    orders.wait()
    for client in kept:
        client.recv(1)
        client.close()
    orders.wait()


def accept_all(orders, address, port):
    """Keeps what it accepts, and closes all of it when it is told."""
    server = listener(address, port, 1024)
    kept = []
    while orders.within(0) is None:
        ready, _, _ = select.select([server], [], [], 0.1)
        if ready:
            kept.append(server.accept()[0])
    for connection in kept:
        connection.close()
    orders.wait()


def accept_and_reset(orders, address, port):
    """Keeps what it accepts, and resets all of it when it is told."""
    server = listener(address, port, 1024)
    kept = []
    while orders.within(0) is None:
        ready, _, _ = select.select([server], [], [], 0.1)
        if ready:
            kept.append(server.accept()[0])
    for connection in kept:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    orders.wait()


def hold_all(orders, target, number):
    """Opens connections and closes them only when it is told, whatever the other side does."""
    kept = [connect(None, target) for _ in range(number)]
    orders.wait()
    for client in kept:
        client.close()
    orders.wait()


def serve(orders, port, backlog, manner):
    """Accepts by a manner: `all SECONDS` takes what there is so often, `one SECONDS` one at a time, `never`."""
    server = listener(HERE, port, backlog)
    server.setblocking(False)
    while True:
        word, _, number = manner.partition(" ")
        order = orders.within(float(number) if number else 1000)
        manner = order or manner
        while word in ("all", "one"):
            try:
                server.accept()[0].close()
            except BlockingIOError:
                break
            if word == "one":
                break


def arrive(orders, target, at_once, every):
    """So many connections come at once, every so often, wait up to three seconds, and go when they are closed."""
    poll = select.poll()
    there = {}
    due = time.monotonic()
    told = False
    while not told:
        now = time.monotonic()
        if now >= due:
            due += every
            for _ in range(at_once):
                client = connect(APP, target, wait=False)
                there[client.fileno()] = (client, now)
                poll.register(client, select.POLLIN)
        for number, _ in poll.poll(max(0, due - time.monotonic()) * 1000):
            poll.unregister(number)
            there.pop(number)[0].close()
        for number in [n for n, (_, since) in there.items() if now - since > 3]:
            poll.unregister(number)
            there.pop(number)[0].close()
        told = orders.within(0) is not None


def stand_in_line(orders, target, number):
    """Keeps so many connections waiting: when one is served the next comes."""
    line = [connect(APP, target) for _ in range(number)]
    while orders.within(0) is None:
        ready, _, _ = select.select(line, [], [], 0.05)
        for client in ready:
            line.remove(client)
            client.close()
            line.append(connect(APP, target))
    for client in line:
        client.close()


def call(orders, source, target, number):
    """Connects and sends a request, and waits for an answer that may not come."""
    clients = [connect(source, target, wait=False) for _ in range(number)]
    time.sleep(0.5)
    for client in clients:
        try:
            client.send(b"GET / HTTP/1.1\r\nHost: web-3\r\n\r\n")
        except OSError:
            pass
    orders.wait()
    for client in clients:
        client.close()


def read_later(orders, address, port):
    """Accepts one connection, and reads from it only once it is told to."""
    server = listener(address, port, 16)
    connection = server.accept()[0]
    order = orders.wait()
    while connection.recv(1 << 20):
        pass
    connection.close()
    if order != "end":
        orders.wait()


def send_much(orders, target, source=None):
    """Sends until nothing more fits, goes on when it does, and ends when it is told."""
    client = connect(source, target)
    client.setblocking(False)
    block = b"x" * 65536
    while orders.within(0.02) is None:
        try:
            while True:
                client.send(block)
        except BlockingIOError:
            pass
    client.setblocking(True)
    client.close()
    orders.wait()


def read_all(orders, address, port):
    """Reads everything at once."""
    server = listener(address, port, 16)
    connection = server.accept()[0]
    while connection.recv(1 << 20):
        pass
    connection.close()
    orders.wait()


def send_steadily(orders, target, size, every):
    """Sends so many bytes every so often, and waits where nothing fits."""
    client = connect(None, target)
    while orders.within(every) is None:
        client.sendall(b"x" * size)
    client.close()
    orders.wait()


def send_syns(orders, target, source, per_s, number):
    """SYNs of somebody who never answers; `source` gives the address of each."""
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(at):
        raw.sendto(syn(source(at), 20000 + at, *target), (target[0], 0))

    pace(send, per_s, number)


def syn(source, source_port, target, port):
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    outer = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, 6, 0) + ends
    start = struct.pack("!HHIIBBH", source_port, port, 0x12345678, 0, 5 << 4, 2, 64240)
    pseudo = ends + struct.pack("!BBH", 0, 6, 20) + start + bytes(4)
    total = sum(struct.unpack(f"!{len(pseudo) // 2}H", pseudo))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return outer + start + struct.pack("!HH", ~total & 0xFFFF, 0)


def take_datagrams(orders, port, buffer, each):
    """Takes datagrams: one every so often, or all there are if `each` is below nothing."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    receiver.bind((HERE, port))
    receiver.setblocking(False)
    while orders.within(abs(each)) is None:
        try:
            receiver.recv(2048)
            while each < 0:
                receiver.recv(2048)
        except BlockingIOError:
            pass


def send_datagrams(orders, target, at_once, every):
    """So many datagrams at once, every so often."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((APP, 40514))
    while orders.within(every) is None:
        for _ in range(at_once):
            sender.sendto(b"x" * 400, target)
    orders.wait()


def open_many(orders, limit, files):
    """Has opened most of what it may."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    server = listener(HERE, 8080, 128)
    orders.wait()
    kept = [open("/dev/null") for _ in range(files)]
    orders.wait()
    del kept
    orders.wait()
    server.close()


# What is recorded: each begins when the recording does, and says how long that takes.

SCENES = {}


def scene(seconds, interval="1s"):
    def known(function):
        SCENES[function.__name__.replace("_", "-")] = (function, seconds, interval)
        return function

    return known


@scene(27)
def close_wait_leak(link):
    app = Actor("web-app", forgetful, 8080)
    time.sleep(1)
    Actor("clients", come_and_go, (HERE, 8080), 0.5, 24, far=link.far)
    time.sleep(17)
    app.tell()


@scene(26)
def closed_held(link):
    server = Actor("redis-server", accept_and_reset, DB, 6379, far=link.far)
    time.sleep(1)
    client = Actor("batch-job", hold_all, (DB, 6379), 40)
    time.sleep(3)
    server.tell()
    time.sleep(12)
    client.tell()


@scene(84, "2s")
def time_wait_buildup(link):
    sysctl("ipv4.ip_local_port_range", "32768 33023")
    sysctl("ipv4.tcp_tw_reuse", 0)
    Actor("redis-server", polite, DB, 6379, far=link.far)
    time.sleep(1)
    Actor("batch-job", close_first, (DB, 6379), 12, 120)


@scene(28)
def time_wait_buildup_server(link):
    Actor("web-app", brusque, HERE, 8080)
    time.sleep(1)
    Actor("clients", wait_for_close, (HERE, 8080), 25, 250, far=link.far)


@scene(84, "2s")
def ephemeral_ports_low(link):
    sysctl("ipv4.ip_local_port_range", "32768 32895")
    sysctl("ipv4.tcp_tw_reuse", 0)
    Actor("redis-server", polite, DB, 6379, far=link.far)
    time.sleep(1)
    Actor("batch-job", close_first, (DB, 6379), 20, 124)


@scene(26)
def ephemeral_ports_low_open(link):
    sysctl("ipv4.ip_local_port_range", "32768 32895")
    server = Actor("postgres", accept_all, DB, 5432, far=link.far)
    time.sleep(1)
    client = Actor("web-app", hold, (DB, 5432), 110, 30)
    time.sleep(13)
    client.tell()
    server.tell()


@scene(28)
def accept_queue_full_stopped(link):
    server = Actor("web-app", serve, 8080, 4, "all 0.002")
    time.sleep(1)
    os.kill(server.pid, signal.SIGSTOP)
    clients = Actor("clients", arrive, (HERE, 8080), 2, 0.5, far=link.far)
    time.sleep(13)
    os.kill(server.pid, signal.SIGCONT)
    time.sleep(1)
    clients.tell()


@scene(30)
def accept_queue_full_slow(link):
    server = Actor("web-app", serve, 8080, 4, "one 0.5")
    time.sleep(1)
    clients = Actor("clients", arrive, (HERE, 8080), 1, 0.1, far=link.far)
    time.sleep(13)
    clients.tell()
    server.tell("all 0.002")


@scene(30)
def accept_queue_full_backlog(link):
    Actor("web-app", serve, 8080, 4, "all 0.01")
    time.sleep(1)
    clients = Actor("clients", arrive, (HERE, 8080), 12, 0.25, far=link.far)
    time.sleep(13)
    clients.tell()


@scene(24)
def accept_queue_filling(link):
    server = Actor("web-app", serve, 8080, 20, "one 0.25")
    time.sleep(1)
    clients = Actor("clients", stand_in_line, (HERE, 8080), 17, far=link.far)
    time.sleep(11)
    clients.tell()
    server.tell("all 0.002")


@scene(25)
def not_accepted(link):
    server = Actor("web-app", serve, 8080, 128, "never")
    time.sleep(1)
    clients = Actor("clients", call, APP, (HERE, 8080), 5, far=link.far)
    time.sleep(13)
    clients.tell()
    server.tell("all 0.002")


def half_open(link, backlog, source, per_s, number):
    run(f"ip route add 198.18.0.0/15 via {APP}")
    sysctl("ipv4.tcp_synack_retries", 2)
    Actor("web-app", serve, 8080, backlog, "all 0.002")
    time.sleep(1)
    Actor("flood", send_syns, (HERE, 8080), source, per_s, number, far=link.far)


@scene(32)
def syn_flood(link):
    half_open(link, 64, lambda at: f"198.18.{at % 250}.{at % 199 + 1}", 60, 600)


@scene(32)
def syn_queue_full(link):
    sysctl("ipv4.tcp_syncookies", 0)
    half_open(link, 8, lambda _: "198.18.0.7", 20, 200)


@scene(22)
def connect_stuck(link):
    client = Actor("web-app", call, None, (NOBODY, 5432), 3)
    time.sleep(13)
    client.tell()


@scene(24)
def receiver_stalled(link):
    reader = Actor("report-worker", read_later, HERE, 9000)
    time.sleep(0.5)
    sender = Actor("sender", send_much, (HERE, 9000), DB, far=link.far)
    time.sleep(13)
    sender.tell()
    reader.tell()


@scene(26)
def zero_window(link):
    reader = Actor("reader", read_later, DB, 9000, far=link.far)
    time.sleep(0.5)
    sender = Actor("web-app", send_much, (DB, 9000))
    time.sleep(13)
    sender.tell()
    reader.tell()


@scene(30)
def sender_stalled(link):
    Actor("reader", read_all, DB, 9000, far=link.far)
    time.sleep(0.5)
    sender = Actor("web-app", send_steadily, (DB, 9000), 20000, 0.1)
    time.sleep(1.5)
    link.nft_there(
        "table ip lossy { chain in { type filter hook input priority 0; tcp dport 9000 drop; }; }"
    )
    time.sleep(11)
    link.nft_there("delete table ip lossy")
    time.sleep(8)
    sender.tell()


@scene(34)
def retransmitting(link):
    Actor("reader", read_all, DB, 9000, far=link.far)
    time.sleep(0.5)
    sender = Actor("web-app", send_steadily, (DB, 9000), 30000, 0.02)
    time.sleep(1.5)
    link.nft_there(
        "table ip lossy { chain in { type filter hook input priority 0; numgen random mod 100 < 5 drop; }; }"
    )
    time.sleep(11)
    link.nft_there("delete table ip lossy")
    time.sleep(16)
    sender.tell()


@scene(26)
def udp_drops_slow(link):
    Actor("collector", take_datagrams, 514, 20000, 0.02)
    time.sleep(1)
    sender = Actor("devices", send_datagrams, (HERE, 514), 10, 0.05, far=link.far)
    time.sleep(11)
    sender.tell()


@scene(26)
def udp_drops_buffer(link):
    Actor("collector", take_datagrams, 514, 8000, -0.002)
    time.sleep(1)
    sender = Actor("devices", send_datagrams, (HERE, 514), 60, 0.25, far=link.far)
    time.sleep(11)
    sender.tell()


@scene(22)
def descriptors_low(link):
    app = Actor("web-app", open_many, 64, 54)
    time.sleep(1)
    app.tell()
    time.sleep(11)
    app.tell()


@scene(24)
def time_wait_overflow(link):
    sysctl("ipv4.tcp_max_tw_buckets", 100)
    Actor("web-app", brusque, HERE, 8080)
    time.sleep(1)
    Actor("clients", wait_for_close, (HERE, 8080), 15, 150, far=link.far)
    time.sleep(14)
    sysctl("ipv4.tcp_max_tw_buckets", 4096)


@scene(20)
def quiet(link):
    """What the limits of the host are written into afterwards."""
    server = Actor("postgres", accept_all, DB, 5432, far=link.far)
    time.sleep(1)
    Actor("web-app", hold, (DB, 5432), 6, 30)


def inside(sockwatch, folder, name):
    socket.sethostname("web-3")
    run("ip link set lo up")
    function, seconds, interval = SCENES[name]
    link = Link()
    output = os.path.join(folder, name + ".swr")
    record = [sockwatch, "record", "-tua", "-o", output, "--force"]
    record += ["--interval", interval, "--duration", f"{seconds}s"]
    recorder = subprocess.Popen(record, stdout=subprocess.DEVNULL)
    function(link)
    sys.exit(recorder.wait())


def main():
    script, arguments = os.path.abspath(sys.argv[0]), sys.argv[1:]
    if arguments[0] == "--inside":
        inside(*arguments[1:])
    sockwatch, folder = map(os.path.abspath, arguments[:2])
    names = arguments[2:] or list(SCENES)
    own = "unshare --net --pid --mount --uts --fork --kill-child --mount-proc"
    running, failed = [], 0
    for name in names:
        while len(running) == 6:
            failed += running.pop(0).wait() != 0
        command = [*own.split(), sys.executable, script, "--inside", sockwatch, folder, name]
        running.append(subprocess.Popen(command))
    failed += sum(one.wait() != 0 for one in running)
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
