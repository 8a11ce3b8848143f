"""Inserts entries of connection tracking in the network namespace of the caller, as ctnetlink lets root do.

Usage: conntrack.py fill COUNT, or conntrack.py SRC SPORT DST DPORT PEER PPORT STATE: an entry for the packets of a TCP
connection that are translated to another destination, in a state of the kernel's (`enum tcp_conntrack`).
"""

import socket
import struct
import sys

NLM_F_CREATE_ACK = 1 | 4 | 0x400 | 0x200


def attribute(kind, value):
    return struct.pack("HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def nested(kind, *values):
    return attribute(kind | 0x8000, b"".join(values))


def packets(kind, source, destination):
    addresses = [attribute(1, socket.inet_aton(source[0])), attribute(2, socket.inet_aton(destination[0]))]
    ports = [attribute(1, b"\6"), attribute(2, struct.pack("!H", source[1])), attribute(3, struct.pack("!H", destination[1]))]
    return nested(kind, nested(1, *addresses), nested(2, *ports))


def insert(netlink, original, reply, state):
    body = struct.pack("BBH", 2, 0, 0)
    body += packets(1, *original) + packets(2, *reply)
    body += nested(4, nested(1, attribute(1, bytes([state]))))
    body += attribute(7, struct.pack("!I", 600))
    netlink.send(struct.pack("IHHII", 16 + len(body), 1 << 8, NLM_F_CREATE_ACK, 1, 0) + body)
    answer = netlink.recv(8192)
    error = struct.unpack_from("i", answer, 16)[0]
    if error:
        raise OSError(-error, "ctnetlink")


def main():
    netlink = socket.socket(16, socket.SOCK_RAW, 12)
    netlink.bind((0, 0))
    netlink.settimeout(5)
    if sys.argv[1] == "fill":
        for number in range(int(sys.argv[2])):
            source = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 4000)
            insert(netlink, (source, ("10.96.0.1", 443)), (("172.16.0.1", 8443), source), 3)
        return
    source, destination, peer = [(sys.argv[at], int(sys.argv[at + 1])) for at in (1, 3, 5)]
    insert(netlink, (source, destination), (peer, source), int(sys.argv[7]))


main()
