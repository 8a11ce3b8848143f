#!/usr/bin/env python3
"""Traffic for the pictures: a web server and its clients, a cache, a batch job that opens and closes, a service that
does not accept, one that does not close. Loopback only; ends by itself after the seconds given.

Meant for a network namespace of its own; assets/pictures.sh makes one.
"""
import ctypes
import os
import random
import signal
import socket
import sys
import time

HOST = "127.0.0.1"
WEB, CACHE, QUEUE, LEGACY = 8443, 6379, 9090, 8080


def named(name, role, *arguments):
    """Runs `role` in a process of its own with that name."""
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)
        signal.alarm(SECONDS)
        try:
            role(*arguments)
        except (OSError, KeyboardInterrupt):
            pass
        os._exit(0)


def listener(port, backlog=128):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, port))
    made.listen(backlog)
    return made


def connect(port):
    while True:
        try:
            return socket.create_connection((HOST, port))
        except ConnectionRefusedError:
            time.sleep(0.05)


def web():
    """Sends to each client at its own pace, faster and slower with time."""
    import threading

    def serve(client, pace):
        block = os.urandom(65536)
        while True:
            client.sendall(block[: int(pace * (1.2 + random.random()))])
            time.sleep(0.02)

    accepting = listener(WEB)
    while True:
        client, _ = accepting.accept()
        threading.Thread(target=serve, args=(client, random.randrange(500, 40000)), daemon=True).start()


def readers():
    import threading

    def read(server, slow):
        while True:
            server.recv(4096 if slow else 65536)
            if slow:
                time.sleep(0.4)

    for number in range(24):
        threading.Thread(target=read, args=(connect(WEB), number == 3), daemon=True).start()
    time.sleep(SECONDS)


def cache():
    """Answers one question a connection, and closes first: the TIME-WAITs are its."""
    accepting = listener(CACHE)
    while True:
        client, _ = accepting.accept()
        client.recv(64)
        client.sendall(b"+" * 700)
        time.sleep(0.002)
        client.close()


def batch():
    while True:
        started = time.time()
        for _ in range(60):
            server = connect(CACHE)
            server.sendall(b"GET x\r\n")
            while server.recv(4096):
                pass
            server.close()
        time.sleep(max(0.0, 1 - (time.time() - started)))


def stuck():
    """Listens and hardly ever accepts."""
    accepting = listener(QUEUE, 16)
    held = []
    while True:
        time.sleep(25)
        held.append(accepting.accept())


def callers():
    held = []
    for _ in range(15):
        held.append(connect(QUEUE))
        time.sleep(0.5)
    time.sleep(SECONDS)


def legacy():
    """Does not close what its clients have closed."""
    accepting, held = listener(LEGACY), []
    while True:
        held.append(accepting.accept())


def visitors():
    while True:
        connect(LEGACY).close()
        time.sleep(1.5)


SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
for name, role in [
    ("web", web), ("browser", readers), ("cache", cache), ("batch", batch),
    ("queue", stuck), ("caller", callers), ("legacy", legacy), ("visitor", visitors),
]:
    named(name, role)
time.sleep(SECONDS)
