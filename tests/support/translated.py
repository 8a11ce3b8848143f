"""Makes connections whose addresses are translated, and keeps them until standard input ends.

Usage: translated.py. In the network namespace of the caller, which forwards: `client` and `server`, each behind a veth pair.
Prints one line of JSON for each connection: its name, the ends of the client's socket and those of the server's.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def run(*words, **options):
    subprocess.run(words, check=True, **options)


def nft(rules, namespace=None):
    prefix = ["ip", "netns", "exec", namespace] if namespace else []
    run(*prefix, "nft", "-f", "-", input=rules.encode())


def enter(descriptor):
    if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Inside:
    """Makes sockets in a namespace; they stay in it."""

    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def __init__(self, name):
        self.file = os.open(f"/run/netns/{name}", os.O_RDONLY) if name else self.home

    def __enter__(self):
        enter(self.file)

    def __exit__(self, *_):
        enter(self.home)


def link(name, network):
    run("ip", "netns", "add", name)
    run("ip", "link", "add", f"v-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
    inside = ["ip", "-n", name]
    run("ip", "address", "add", f"10.88.{network}.1/24", "dev", f"v-{name}")
    run("ip", "address", "add", f"fd88:{network}::1/64", "dev", f"v-{name}", "nodad")
    run("ip", "link", "set", f"v-{name}", "up")
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "add", f"10.88.{network}.2/24", "dev", "eth0")
    run(*inside, "address", "add", f"fd88:{network}::2/64", "dev", "eth0", "nodad")
    run(*inside, "link", "set", "eth0", "up")
    run(*inside, "route", "add", "default", "via", f"10.88.{network}.1")
    run(*inside, "route", "add", "default", "via", f"fd88:{network}::1")


def ends(sock):
    return [list(sock.getsockname()[:2]), list(sock.getpeername()[:2])]


KEPT = []


def report(name, client, server):
    KEPT.extend([client, server])
    print(json.dumps({"name": name, "client": ends(client), "server": ends(server)}), flush=True)


def listen(namespace, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with Inside(namespace):
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(64)
    KEPT.append(listener)
    return listener


def connect(name, namespace, to, listener):
    family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
    with Inside(namespace):
        client = socket.socket(family)
        client.settimeout(5)
        client.connect(to)
    server, _ = listener.accept()
    report(name, client, server)


def main():
    with open("/proc/sys/net/ipv4/ip_forward", "w") as file:
        file.write("1")
    with open("/proc/sys/net/ipv6/conf/all/forwarding", "w") as file:
        file.write("1")
    run("ip", "link", "set", "lo", "up")
    link("client", 1)
    link("server", 2)
    listener = listen("server", "10.88.2.2", 8443)
    listener6 = listen("server", "fd88:2::2", 8443)
    # No rule needs connection tracking yet.
    connect("plain", "client", ("10.88.2.2", 8443), listener)
    nft("""
        table ip nat {
            chain prerouting {
                type nat hook prerouting priority -100;
                ip daddr 10.96.0.1 tcp dport 443 dnat to 10.88.2.2:8443
                ip daddr 10.96.0.2 tcp dport 443 dnat to 10.88.2.2:8443
                ip daddr 10.96.0.3 udp dport 53 dnat to 10.88.2.2:5353
                ip daddr 10.96.0.5 tcp dport 80 dnat to 10.88.1.2:8080
            }
            chain output {
                type nat hook output priority -100;
                ip daddr 10.96.0.1 tcp dport 443 dnat to 10.88.2.2:8443
                ip daddr 127.0.0.11 tcp dport 80 dnat to 127.0.0.1:8081
            }
            chain postrouting {
                type nat hook postrouting priority 100;
                ip daddr 10.88.2.2 tcp dport 9000 masquerade
                ct original ip daddr 10.96.0.2 masquerade
                ct original ip daddr 10.96.0.5 masquerade
            }
        }
        table ip6 nat {
            chain prerouting {
                type nat hook prerouting priority -100;
                ip6 daddr fd96::1 tcp dport 443 dnat to [fd88:2::2]:8443
            }
        }
    """)
    connect("dnat", "client", ("10.96.0.1", 443), listener)
    connect("dnat and snat", "client", ("10.96.0.2", 443), listener)
    connect("snat", "client", ("10.88.2.2", 9000), listen("server", "10.88.2.2", 9000))
    connect("dnat of IPv6", "client", ("fd96::1", 443), listener6)
    connect("not translated", "client", ("10.88.2.2", 8443), listener)
    # A backend that reaches itself by the address of its Service.
    connect("hairpin", "client", ("10.96.0.5", 80), listen("client", "10.88.1.2", 8080))
    # As kube-proxy on the node itself.
    run("ip", "route", "add", "10.96.0.0/16", "dev", "v-server")
    connect("output", None, ("10.96.0.1", 443), listener)
    # As the resolver of Docker.
    connect("loopback", None, ("127.0.0.11", 80), listen(None, "127.0.0.1", 8081))
    # In the namespace of the client first, then here.
    nft("""
        table ip nat {
            chain output {
                type nat hook output priority -100;
                ip daddr 10.97.0.1 tcp dport 443 dnat to 10.96.0.2:443
            }
        }
    """, "client")
    connect("nested", "client", ("10.97.0.1", 443), listener)
    with Inside("server"):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("10.88.2.2", 5353))
    with Inside("client"):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect(("10.96.0.3", 53))
    client.send(b"?")
    _, source = server.recvfrom(1)
    server.connect(source)
    server.send(b"!")
    client.recv(1)
    report("datagrams", client, server)
    print("ready", flush=True)
    sys.stdin.buffer.read()


main()
