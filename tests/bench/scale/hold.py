#!/usr/bin/env python3
"""Holds the sockets of a scene until standard input ends.

hold.py connections NUMBER        connections over loopback, both ends in one process, spread over processes
hold.py processes NUMBER SOCKETS  processes with so many sockets each
hold.py one NUMBER                one process with so many sockets
hold.py time-wait NUMBER          connections in TIME-WAIT
hold.py listeners NUMBER          listeners
hold.py unix NUMBER               unix sockets, connected in pairs

Prints "holds PID SOCKETS" for each process that holds sockets, then "ready". A line "change NUMBER" on standard input
replaces so many sockets of this process, and is answered by "changed". If a scene cannot be made, prints "failed REASON".
"""
import os
import resource
import signal
import socket
import struct
import sys

# Both ends of a connection of this process, to be replaced.
OWN = 1000
# Sockets of one process: the limit of descriptors is often 20 000.
PER_PROCESS = 16_000
# Children that open their sockets at the same time.
AT_ONCE = 2

LINGER = struct.pack("ii", 1, 0)


def listener(number):
    """A listener on an address of its own: one destination has only so many local ports."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((f"127.{1 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}", 4000))
    listening.listen(4096)
    return listening


def pair(listening):
    opener = socket.socket()
    opener.connect(listening.getsockname())
    acceptor = listening.accept()[0]
    for end in (opener, acceptor):
        # A reset in place of a TIME-WAIT: the next scene finds nothing of this one.
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
    return opener, acceptor


def connections(number, sockets):
    """Opens connections; returns both ends, and not the listener."""
    with listener(number) as listening:
        return [pair(listening) for _ in range(sockets // 2)]


def listeners(number, sockets):
    held = []
    for port in range(sockets):
        listening = socket.socket()
        listening.bind((f"127.100.{number}.1", 2000 + port))
        listening.listen(16)
        held.append(listening)
    return held


def unix(_, sockets):
    return [socket.socketpair() for _ in range(sockets // 2)]


def time_wait(number, sockets):
    """Closes connections; the end that closes first stays in TIME-WAIT for a minute."""
    with listener(number) as listening:
        for _ in range(sockets):
            opener = socket.socket()
            opener.connect(listening.getsockname())
            acceptor = listening.accept()[0]
            opener.shutdown(socket.SHUT_WR)
            acceptor.recv(1)
            acceptor.close()
            opener.close()
    return []


def start(make, number, sockets):
    """Starts a child that opens sockets; returns its pid and the pipe that tells when they are open."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading, sockets
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.close(reading)
    os.close(alive[1])
    try:
        held = make(number, sockets)  # noqa: F841, kept open
        os.write(writing, b"ready")
    except OSError as error:
        os.write(writing, str(error).encode())
        os._exit(1)
    os.close(writing)
    # Until the end of the first process, however it ends.
    os.read(alive[0], 1)
    os._exit(0)


def finish(child):
    """Waits until the sockets of a child are open."""
    pid, pipe, sockets = child
    answer = os.read(pipe, 4096).decode()
    os.close(pipe)
    if answer != "ready":
        sys.exit(f"failed {answer or 'a process ended'}")
    if sockets:
        print("holds", pid, sockets)


def spread(make, shares, counted=True):
    """Starts a child for each share; a few of them work at the same time."""
    open_now = []
    for number, sockets in enumerate(shares):
        if len(open_now) == AT_ONCE:
            finish(open_now.pop(0))
        pid, pipe, _ = start(make, number, sockets)
        children.append(pid)
        open_now.append((pid, pipe, sockets if counted else 0))
    for child in open_now:
        finish(child)


def shares_of(sockets, most):
    whole, rest = divmod(sockets, most)
    return [most] * whole + ([rest] if rest else [])


def main():
    scene, numbers = sys.argv[1], [int(word) for word in sys.argv[2:]]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    most = min(PER_PROCESS, hard - 100)
    own = []
    if scene == "connections":
        spread(connections, shares_of(max(numbers[0] - OWN, 0), most))
        own = connections(60_000, min(OWN, numbers[0]))
    elif scene == "processes":
        spread(connections, [numbers[1]] * numbers[0])
        own = connections(60_000, OWN)
    elif scene == "one":
        resource.setrlimit(resource.RLIMIT_NOFILE, (numbers[0] + 100, max(hard, numbers[0] + 100)))
        spread(lambda _, sockets: sum((connections(at, 20_000) for at in range(sockets // 20_000)), []), [numbers[0]])
        own = connections(60_000, OWN)
    elif scene == "time-wait":
        spread(time_wait, shares_of(numbers[0], 20_000), counted=False)
    elif scene == "listeners":
        spread(listeners, shares_of(numbers[0], most))
    elif scene == "unix":
        spread(unix, shares_of(numbers[0], most))
    if own:
        print("holds", os.getpid(), 2 * len(own))
    print("ready", flush=True)
    for line in sys.stdin:
        count = int(line.split()[1]) // 2
        with listener(61_000) as listening:
            for at in range(count):
                for end in own[at]:
                    end.close()
                own[at] = pair(listening)
        print("changed", flush=True)


children = []
# Its writing end is open in the first process only.
alive = os.pipe()
try:
    main()
except (OSError, ValueError) as error:
    print("failed", error, flush=True)
finally:
    for pid in children:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
