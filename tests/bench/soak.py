#!/usr/bin/env python3
"""A long run of the dashboard, or of `record`, under load, with random keys: does it grow, leak or end?

    tests/bench/soak.py                              30 minutes of the dashboard
    tests/bench/soak.py --duration 1h                an hour
    tests/bench/soak.py --duration 10m --every 200ms --history 2m
                                                     the same number of Samples in a fifth of the time
    tests/bench/soak.py --record --duration 10m      a recording with rotation instead of the dashboard

Needs root (a network namespace of its own), Linux, `unshare` of util-linux, and a release build. Everything it starts has
the lowest priority and ends with it. Memory, descriptors, threads and CPU time are read every few seconds.

It passes (status 0) if the program still ran at the end, ended with status 0 when told to, held no more memory after the
first quarter of the time than within it (and a tolerance), and had no more descriptors or threads than it uses at work.
The last screen and the keys before it are printed otherwise. The same --seed presses the same keys.

Frozen, rewound and compared instants take more memory than live ones, and random keys hold more or fewer of them. So a tour
leads through them once the history is full, and again and again. After each it rests: the dashboard is live again, with the
last mark, no keys are pressed for some seconds, and memory is measured in that state. Their median must not grow by more
than 5 %; what random keys hold for a moment, by more than 15 %. The quarter must be longer than the history, and the machine
must leave enough CPU time for a steady load and for every Sample.
"""

import argparse
import fcntl
import os
import pty
import random
import re
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time

# Growth after the first quarter that is still allowed: of the largest resident size within it, and in bytes.
TOLERATED_SHARE = 0.05
TOLERATED_BYTES = 4 << 20

# The same where figures at rest are known, for the moments between them.
TOLERATED_AT_WORK = 0.15

# Time without keys after a tour, seconds.
REST = 15.0

# Terminal sizes that it changes between.
SIZES = [(160, 50), (100, 30), (200, 60), (80, 24)]

FILTERS = [
    "state established", "dport = :443 or sport = 4000", "process soak", "rate > 1kB", "dst 127.0.0.0/8", "owner none",
    "python", "state time-wait", "retrans > 0.1%", "( ( (", "uid = 0 and recvq > 0",
]

# What is typed, by weight. Nothing here ends the program, and no question about ending a connection is answered.
KEYS = (
    [(12, key) for key in "12345678"]
    + [(8, key) for key in ["j", "k", "j", "k", "\x1b[B", "\x1b[A", "\x1b[C", "\x1b[D", "\x1b[5~", "\x1b[6~", "g", "G"]]
    + [(4, key) for key in ["\r", "\x1b", "\x1b", "\t", "\x1b[Z", "p", "e", "P", "f", "i", "x", "F", "F"]]
    + [(3, key) for key in ["s", "I", "<", ">", "o", "c", "+", "-", "=", "t", "t", "z", "Z", "n", "N"]]
    + [(6, key) for key in [" ", ",", ".", "[", "]", "{", "}", "^", "$", "(", ")", "M", "D"]]
    + [(2, key) for key in ["y", "Y", "!", "?", "T", "m", "\x0c"]]
)

# What leads through everything that takes memory, with the time to wait after each, seconds: the screens live, then
# frozen, marked, rewound to the start (where there is no history) and to the end (whose history is read), compared on
# several screens, filtered, grouped and sorted by text. It begins and ends live, without popups, filters or pages.
BACK = [("\x1b", 0.1)] * 8 + [("F", 0.3)]
TOUR = (
    [(digit, 0.4) for digit in "12345678"]
    + [("2", 0.4), (" ", 1), ("M", 0.5), ("\x1b[D", 1), ("^", 2), ("D", 1), ("D", 0.5)]
    + [("$", 8), ("M", 0.5), ("\x1b[D", 8), ("D", 0.5), ("1", 0.4), ("D", 0.5), ("3", 0.4), ("D", 0.5)]
    + [("4", 0.4), ("\r", 0.5), ("5", 0.4), ("\r", 0.5), ("8", 1), ("7", 0.4), ("6", 0.4), ("2", 0.4)]
    + BACK
    + [("/state established\r", 1), ("t", 0.5), ("t", 0.5), ("t", 0.5), ("=", 0.2), ("s", 0.2), ("\r", 0.5)]
    + [(key, 0.1) for digit in "134582" for key in [digit, "\x1b", "\x1b"]]
    + BACK
    + [(" ", 2)]
)


def seconds(text):
    """Parses `90s`, `30m`, `1h`, `200ms` or a number of seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text}: expected a duration such as 200ms, 90s, 30m or 1h")
    return float(match[1]) * {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600}[match[2]]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(root, "target"))
    parser.add_argument("--binary", default=os.path.join(target, "release/sockwatch"))
    parser.add_argument("--duration", type=seconds, default=seconds("30m"))
    parser.add_argument("--every", default="1s", help="time between two Samples of the program")
    parser.add_argument("--history", default="10m", help="history that the dashboard keeps")
    parser.add_argument("--record", action="store_true", help="run `record` with rotation instead of the dashboard")
    parser.add_argument("--keys-per-second", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=2000, help="connections that stay open")
    parser.add_argument("--churn", type=int, default=200, help="connections that open and close, a second")
    parser.add_argument("--forks", type=int, default=5, help="processes that start and end, a second")
    parser.add_argument("--limit", type=float, help="fail if the resident size exceeds this, MB")
    parser.add_argument("--report-every", type=seconds, default=5.0, help="time between two measurements")
    parser.add_argument("--csv", help="file to write the measurements to")
    parser.add_argument("--role", help=argparse.SUPPRESS)
    return parser.parse_args()


# ---- load ---------------------------------------------------------------------------------------------------------


def listener(port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(512)
    return server


def hold_connections(count):
    """Holds connections and moves data over a tenth of them. Some are half closed for a while, so findings come and go."""
    server = listener(4000)
    pairs = []
    for at in range(count):
        client = socket.create_connection(("127.0.0.1", 4000))
        pairs.append((client, server.accept()[0]))
    unix = [socket.socketpair() for _ in range(50)]
    datagrams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(50)]
    for each in datagrams:
        each.bind(("127.0.0.1", 0))
    print("ready", flush=True)
    source = random.Random(7)
    half_closed = []
    while True:
        for client, accepted in source.sample(pairs, max(1, len(pairs) // 50)):
            client.send(b"x" * source.randrange(1, 4000))
            accepted.recv(65536)
        datagrams[0].sendto(b"x" * 100, datagrams[source.randrange(1, 50)].getsockname())
        unix[source.randrange(50)][0].send(b"x") if source.random() < 0.1 else None
        # CLOSE-WAIT: the client closes, this end does not.
        if len(half_closed) < 40:
            client = socket.create_connection(("127.0.0.1", 4000))
            half_closed.append(server.accept()[0])
            client.close()
        elif source.random() < 0.01:
            for each in half_closed:
                each.close()
            half_closed.clear()
        time.sleep(0.2)


def churn_connections(rate):
    """Opens and closes connections on ports that change, and sends a little on each."""
    servers = [listener(5000 + at) for at in range(8)]
    print("ready", flush=True)
    at = 0
    while True:
        begin = time.monotonic()
        for _ in range(max(1, rate // 20)):
            at += 1
            server = servers[at % len(servers)]
            client = socket.create_connection(server.getsockname(), 5)
            accepted, _ = server.accept()
            client.send(b"hello")
            accepted.recv(16)
            (client if at % 2 else accepted).close()
            (accepted if at % 2 else client).close()
        if at % 1000 < rate // 20:
            # Another listener: listeners come and go as well.
            servers.pop(0).close()
            servers.append(listener(5000 + at // 1000 % 2000 + 8))
        time.sleep(max(0.0, 0.05 - (time.monotonic() - begin)))


def fork_processes(rate):
    """Starts processes of changing names that open a socket for a moment."""
    print("ready", flush=True)
    at = 0
    while True:
        at += 1
        child = os.fork()
        if child == 0:
            with open("/proc/self/comm", "w") as comm:
                comm.write(f"soak-{at}")
            mine = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            mine.bind(("127.0.0.1", 0))
            time.sleep(1.5)
            os._exit(0)
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break
        time.sleep(1 / rate)


def start_load(options):
    """Starts the load; returns its processes once all of it is there."""
    processes = []
    for role, amount in [("hold", options.connections), ("churn", options.churn), ("fork", options.forks)]:
        if amount <= 0:
            continue
        command = [sys.executable, os.path.abspath(__file__), "--role", f"{role}:{amount}"]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL))
        if processes[-1].stdout.readline().strip() != b"ready":
            raise SystemExit(f"the load does not start: {role}")
    return processes


# ---- the terminal -------------------------------------------------------------------------------------------------


class Screen:
    """What the terminal shows: enough of one for what the dashboard writes."""

    SEQUENCE = re.compile(rb"\x1b\[([?>=]?)([0-9;:]*)([ -/]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Za-z]|\x1b[=>78cM]")

    def __init__(self, columns, rows):
        self.resize(columns, rows)
        self.left = b""

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0

    def feed(self, data):
        data = self.left + data
        at = 0
        while at < len(data):
            if data[at] == 0x1B:
                match = self.SEQUENCE.match(data, at)
                if not match:
                    if len(data) - at < 4096:
                        break
                    at += 1
                    continue
                if match[4] and not match[1]:
                    self.control(match[2].decode(), match[4].decode())
                at = match.end()
                continue
            end = data.find(b"\x1b", at)
            end = len(data) if end < 0 else end
            text = data[at:end]
            if end == len(data):
                # A character may be cut.
                cut = next((back for back in range(1, min(4, len(text)) + 1) if text[-back] >= 0xC0), 0)
                if cut and cut < (2 if text[-cut] < 0xE0 else 3 if text[-cut] < 0xF0 else 4):
                    end -= cut
                    text = data[at:end]
                    self.write(text.decode(errors="replace"))
                    at = end
                    break
            self.write(text.decode(errors="replace"))
            at = end
        self.left = data[at:]

    def control(self, parameters, kind):
        numbers = [int(each) if each.isdigit() else 0 for each in parameters.split(";")]
        first = numbers[0] if numbers else 0
        if kind in "Hf":
            self.y = max(first, 1) - 1
            self.x = max(numbers[1] if len(numbers) > 1 else 1, 1) - 1
        elif kind == "C":
            self.x += max(first, 1)
        elif kind == "J":
            self.resize(self.columns, self.rows)
        elif kind == "K" and self.y < self.rows:
            self.cells[self.y][self.x:] = [" "] * max(0, self.columns - self.x)

    def write(self, text):
        for character in text:
            if character == "\r":
                self.x = 0
            elif character == "\n":
                self.y += 1
            elif character >= " ":
                if self.y < self.rows and self.x < self.columns:
                    self.cells[self.y][self.x] = character
                self.x += 1

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells)


class Terminal:
    """The program in a terminal of its own, with its screen."""

    def __init__(self, command, directory):
        self.screen = Screen(*SIZES[0])
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            os.environ.update(TERM="xterm-256color", HOME=directory, COLORTERM="truecolor")
            os.execv(command[0], command)
        self.resize(SIZES[0])

    def resize(self, size):
        columns, rows = size
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(columns, rows)

    def read(self, wait):
        """Reads for a time what the program writes. Returns False if the program is gone."""
        until = time.monotonic() + wait
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                break
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.screen.feed(data)
        return True

    def press(self, keys):
        os.write(self.fd, keys.encode())


class Keys:
    """Random keys."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.weights = [weight for weight, _ in KEYS]
        self.keys = [key for _, key in KEYS]
        self.pressed = []
        # What is left of the tour.
        self.tour = []

    def begin_tour(self, screen, stay):
        """Presses the keys of the tour next; then stays frozen for a time, seconds."""
        # Space freezes and resumes: the tour begins live.
        resume = [(" ", 1)] if "FROZEN" in screen else []
        frozen = [(" ", 1), ("M", 1), ("^", 1), ("D", stay)] if stay > 0 else []
        self.tour = BACK + resume + TOUR + (frozen or [("1", REST)])

    def next(self, rate):
        """Returns what to press next, and the time to wait after it."""
        if self.tour:
            text, wait = self.tour.pop(0)
            self.remember(text)
            return text, wait
        return self.next_random(), self.random.expovariate(rate)

    def remember(self, text):
        self.pressed.append(text)
        del self.pressed[:-60]

    def next_random(self):
        chance = self.random.random()
        if chance < 0.02:
            # Without popups: in one, the characters of the filter would be commands, and `q` ends the program.
            text = "\x1b\x1b\x1b/\x15" + self.random.choice(FILTERS) + self.random.choice(["\r", "\r", "\x1b"])
        elif chance < 0.03:
            # The question is left at once.
            text = self.random.choice(["K\x1b", "@-1m\r", "@-30s\r", "?\x1b", "c\x1b", "W\x1b"])
        elif chance < 0.04:
            # Back to the running present, without popups or filters.
            text = "\x1b\x1b\x1bF1"
        else:
            text = self.random.choices(self.keys, self.weights)[0]
        self.remember(text)
        return text


# ---- measuring ----------------------------------------------------------------------------------------------------


def measure(pid):
    """Reads a process: resident and anonymous bytes, descriptors, threads, CPU seconds."""
    with open(f"/proc/{pid}/status") as status:
        fields = dict(line.split(":", 1) for line in status if ":" in line)
    with open(f"/proc/{pid}/stat") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    kilobytes = lambda name: int(fields[name].split()[0]) * 1024
    # Of this network namespace: the load, which depends on how much CPU time is left for it.
    with open("/proc/net/sockstat") as sockstat:
        tcp = next(line for line in sockstat if line.startswith("TCP:")).split()
    return {
        "rss": kilobytes("VmRSS"),
        "anonymous": kilobytes("RssAnon"),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(fields["Threads"]),
        "sockets": int(tcp[tcp.index("inuse") + 1]) + int(tcp[tcp.index("tw") + 1]),
        "cpu": (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"),
    }


def megabytes(count):
    return f"{count / 1e6:.1f} MB"


def end(pid, patience=20):
    """Ends the program with SIGTERM; returns its status, or None if it does not end."""
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def judge(options, points, status, alive):
    """Returns what is wrong, one sentence each."""
    wrong = []
    if not alive:
        wrong.append("the program ended by itself")
    if status is None:
        wrong.append("the program did not end within 20 s after SIGTERM")
    elif status not in (0, -signal.SIGTERM, 128 + signal.SIGTERM):
        wrong.append(f"the program ended with status {status}")
    if len(points) < 8:
        return wrong + ["too few measurements"]
    quarter = len(points) // 4
    first, later = points[:quarter], points[quarter:]
    peak = lambda part, name: max(point[name] for point in part)
    rests = [point for point in points if point["rest"]]
    share = TOLERATED_SHARE
    if len(rests) >= 4:
        share = TOLERATED_AT_WORK
        # A Sample may be under way: one figure alone may be some percent too high.
        half = len(rests) // 2
        before, after = (statistics.median(point["rss"] for point in part) for part in (rests[:half], rests[half:]))
        if after > before * (1 + TOLERATED_SHARE):
            wrong.append(f"memory at rest grew from {megabytes(before)} to {megabytes(after)}")
    allowed = max(peak(first, "rss") * (1 + share), peak(first, "rss") + TOLERATED_BYTES)
    if peak(later, "rss") > allowed:
        wrong.append(
            f"memory grew from {megabytes(peak(first, 'rss'))} in the first quarter, with at most"
            f" {peak(first, 'sockets')} sockets, to {megabytes(peak(later, 'rss'))} with {peak(later, 'sockets')}"
        )
    if options.limit and peak(points, "rss") > options.limit * 1e6:
        wrong.append(f"it took {megabytes(peak(points, 'rss'))}, more than {options.limit} MB")
    for name in ["descriptors", "threads"]:
        # Work that is under way holds some for a moment, and some are opened when they are first needed: the least at
        # the end is compared with what is usual in the first quarter.
        before = statistics.median_high(point[name] for point in first)
        after = min(point[name] for point in points[-quarter:])
        if after > before:
            wrong.append(f"it kept {after} {name} at the end; {before} were usual in the first quarter")
    return wrong


def report(options, points):
    """Prints the course of the run by tenths."""
    print(f"{'time':>8} {'resident':>10} {'anonymous':>10} {'descriptors':>11} {'threads':>7} {'sockets':>8} {'CPU':>6}")
    step = max(1, len(points) // 10)
    for begin in range(0, len(points), step):
        part = points[begin : begin + step]
        last, before = part[-1], points[max(0, begin - 1)]
        share = (last["cpu"] - before["cpu"]) / max(last["time"] - before["time"], 0.001)
        print(
            f"{last['time']:7.0f}s {megabytes(max(point['rss'] for point in part)):>10}"
            f" {megabytes(max(point['anonymous'] for point in part)):>10}"
            f" {max(point['descriptors'] for point in part):>11} {max(point['threads'] for point in part):>7}"
            f" {max(point['sockets'] for point in part):>8} {share:>6.1%}"
        )
    for point in points:
        if point["rest"]:
            print(f"at rest after {point['time']:.0f} s: {megabytes(point['rss'])}, {point['sockets']} sockets")
    if options.csv and points:
        with open(options.csv, "w") as file:
            file.write(",".join(points[0]) + "\n")
            for point in points:
                file.write(",".join(str(point[name]) for name in point) + "\n")


# ---- runs ---------------------------------------------------------------------------------------------------------


def command_of(options, directory):
    binary = os.path.abspath(options.binary)
    if options.record:
        recording = os.path.join(directory, "soak.swr")
        return [binary, "record", "-o", recording, "--interval", options.every, "--max-size", "4MB", "--keep", "3"]
    return [binary, "--interval", options.every, "--history", options.history, "--config", "none"]


def tour_length():
    """Returns the time that a tour takes, seconds, and some more."""
    return sum(wait for _, wait in BACK + TOUR) * 1.1


def tour_times(options, begin):
    """Returns when the first tour begins, and the time between the beginnings of two: the first quarter has two."""
    length = tour_length()
    quarter = options.duration / 4
    full = seconds(options.history) * 1.02
    if options.record:
        return float("inf"), float("inf")
    if full + 2 * length > quarter:
        print(f"note: the first quarter ({quarter:.0f} s) is too short for the history and two tours of {length:.0f} s")
    first = min(full, max(0.0, quarter - 2 * length))
    return begin + first, max(length, quarter - first - length)


def run(options):
    directory = tempfile.mkdtemp(prefix="soak-")
    load = []
    try:
        load = start_load(options)
        terminal = Terminal(command_of(options, directory), directory)
        keys = Keys(options.seed)
        points, alive = [], True
        begin = time.monotonic()
        next_point = begin + 1
        next_key = begin + 2 if options.keys_per_second > 0 and not options.record else float("inf")
        next_size = begin + 60
        first_tour, between_tours = tour_times(options, begin)
        next_tour, rest_until = first_tour, None
        while alive and (now := time.monotonic()) < begin + options.duration:
            alive = terminal.read(max(0.0, min(next_key, next_point) - now))
            if alive and (now := time.monotonic()) >= next_key:
                if now >= next_tour:
                    # While frozen, the old frames and the new ones are held: the first time, until the next tour, which
                    # is the longest that random keys can freeze it.
                    is_first = next_tour == first_tour
                    keys.begin_tour(terminal.screen.text(), between_tours - tour_length() if is_first else 0)
                    next_tour = now + between_tours
                text, wait = keys.next(options.keys_per_second)
                terminal.press(text)
                next_key = now + wait
                if wait == REST:
                    rest_until = now + wait - 0.5
            if now >= next_size and not options.record:
                terminal.resize(keys.random.choice(SIZES))
                next_size = now + 60
            if now >= next_point and alive:
                is_rest = rest_until is not None and now >= rest_until
                points.append({"time": round(now - begin, 1), "rest": is_rest, **measure(terminal.pid)})
                next_point = now + options.report_every
                if rest_until is not None:
                    # The last measurement of a rest is the one that counts: at its end, before the next key.
                    next_point = min(next_point, rest_until)
                if is_rest:
                    rest_until = None
                # Files that W wrote.
                for name in os.listdir(directory):
                    if name.startswith("sockwatch-"):
                        os.remove(os.path.join(directory, name))
            if any(process.poll() is not None for process in load):
                raise SystemExit("the load ended")
        if alive:
            status = end(terminal.pid)
        else:
            status = os.waitstatus_to_exitcode(os.waitpid(terminal.pid, 0)[1])
        report(options, points)
        wrong = judge(options, points, status, alive)
        if wrong:
            print("\nlast screen:\n" + terminal.screen.text())
            print("\nlast keys: " + " ".join(repr(key) for key in keys.pressed))
        for sentence in wrong:
            print(f"FAILED: {sentence}")
        if not wrong:
            quarter = points[len(points) // 4 :]
            peak = max(point["rss"] for point in quarter)
            print(f"passed: at most {megabytes(peak)} after the first quarter, status {status}")
        return 1 if wrong else 0
    finally:
        for process in load:
            process.kill()
            process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    options = arguments()
    if options.role:
        role, amount = options.role.split(":")
        {"hold": hold_connections, "churn": churn_connections, "fork": fork_processes}[role](int(amount))
        return 0
    if os.environ.get("SOAK_NAMESPACE") != "1":
        if os.geteuid() != 0 or not shutil.which("unshare"):
            print("SKIPPED: needs root and unshare")
            return 0
        if not os.access(options.binary, os.X_OK):
            print(f"SKIPPED: {options.binary} does not exist; build it with cargo build --release")
            return 0
        os.environ["SOAK_NAMESPACE"] = "1"
        # The children end with this process: they are in a process namespace of its own.
        inside = 'ip link set lo up 2>/dev/null; exec "$@"'
        command = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", inside, "sh"]
        os.nice(15)
        os.execvp("unshare", command + [sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
