"""Makes network namespaces with sockets, and keeps them until standard input ends.

Usage: namespaces.py COUNT [PAIRS]. Of COUNT namespaces a third are named, a third are held by a process alone and a third
by a descriptor alone. PAIRS connections go over veth pairs from our own namespace to named ones. Prints `ready`.
"""

import ctypes
import os
import socket
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def enter(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def open_sockets(address="127.0.0.1"):
    """Opens listening, established, TIME-WAIT, UDP and unix sockets."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 8000))
    listener.listen(20)
    kept = [listener]
    for _ in range(2):
        kept.append(socket.create_connection((address, 8000)))
        kept.append(listener.accept()[0])
    first = socket.create_connection((address, 8000))
    second = listener.accept()[0]
    first.shutdown(socket.SHUT_WR)
    second.recv(1)
    second.close()
    first.recv(1)
    first.close()
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.bind((address, 53))
    kept.append(datagram)
    kept.extend(socket.socketpair())
    return kept


def held_by_process(enter_it):
    """Forks a process that enters a namespace and opens sockets there."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        enter_it()
        ip("link", "set", "lo", "up")
        kept = open_sockets()
        os.write(writer, b"+")
        sys.stdin.buffer.read()
        os._exit(len(kept) and 0)
    assert os.read(reader, 1) == b"+"


def unshare():
    if LIBC.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def main():
    count = int(sys.argv[1])
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    kept = []
    for number in range(count):
        name = f"n{number}"
        if number % 3 == 0:
            ip("netns", "add", name)

            def enter_named(name=name):
                enter(os.open(f"/run/netns/{name}", os.O_RDONLY))

            held_by_process(enter_named)
            if number // 3 < pairs:
                ip("link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
                ip("address", "add", f"10.77.{number}.1/24", "dev", f"v{number}")
                ip("link", "set", f"v{number}", "up")
                ip("-n", name, "address", "add", f"10.77.{number}.2/24", "dev", "eth0")
                ip("-n", name, "link", "set", "eth0", "up")
                enter_named()
                listener = socket.socket()
                listener.bind((f"10.77.{number}.2", 5432))
                listener.listen(5)
                enter(home)
                connection = socket.create_connection((f"10.77.{number}.2", 5432))
                kept += [listener, connection, listener.accept()[0]]
        elif number % 3 == 1:
            held_by_process(unshare)
        else:
            unshare()
            ip("link", "set", "lo", "up")
            kept.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
            listener = socket.socket()
            listener.bind(("127.0.0.1", 9000))
            listener.listen(5)
            kept.append(listener)
            enter(home)
    print("ready", flush=True)
    sys.stdin.buffer.read()
    time.sleep(0)


main()
