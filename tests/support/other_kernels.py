"""Sockets that only some kernels can make: opens those of one kind, prints `ready`, and keeps them until its input ends.

Usage: other_kernels.py KIND. Exits with an error if the kernel lacks the kind.
"""

import ctypes
import mmap
import socket
import struct
import subprocess
import sys

LOCAL = "127.0.0.1"
SCTP = 132
UDPLITE = 136
TCP_ULP = 31
SOL_TLS = 282
TCP_MD5SIG = 14
TCP_MD5SIG_EXT = 32
TCP_AO_ADD_KEY = 38

kept = []


def keep(made):
    kept.append(made)
    return made


def listener(port, family=socket.AF_INET, address=LOCAL, kind=socket.SOCK_STREAM, protocol=0):
    made = keep(socket.socket(family, kind, protocol))
    made.bind((address, port))
    made.listen(5)
    return made


def connected(port, family=socket.AF_INET, address=LOCAL, kind=socket.SOCK_STREAM, protocol=0):
    made = keep(socket.socket(family, kind, protocol))
    made.connect((address, port))
    return made


def pair(port, **rest):
    server = listener(port, **rest)
    client = connected(port, **rest)
    return server, client, keep(server.accept()[0])


def require_dump(request):
    """Fails unless sock_diag lists the sockets of a family, given the request for it without its header."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as diag:
        # SOCK_DIAG_BY_FAMILY with NLM_F_REQUEST | NLM_F_DUMP
        diag.send(struct.pack("=IHHII", 16 + len(request), 20, 0x301, 1, 0) + request)
        kind = struct.unpack("=IH", diag.recv(65536)[:6])[1]
    # NLMSG_ERROR
    if kind == 2:
        raise OSError("sock_diag does not know the family")


def sctp():
    """One-to-one, accepted and waiting; one-to-many with several associations at both ends; peeled off; multi-homed."""
    server = listener(5001, protocol=SCTP)
    for accepted in (True, True, False):
        connected(5001, protocol=SCTP)
        if accepted:
            keep(server.accept()[0])
    many = listener(5002, kind=socket.SOCK_SEQPACKET, protocol=SCTP)
    for count in (1, 2, 3):
        connected(5002, protocol=SCTP).send(b"x" * 1000 * count)
    client = keep(socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, SCTP))
    client.bind((LOCAL, 5003))
    for port in (5001, 5002):
        client.sendto(b"hello", (LOCAL, port))
    listener(5004, family=socket.AF_INET6, address="::", protocol=SCTP)
    connected(5004, family=socket.AF_INET6, address="::1", protocol=SCTP)
    connected(5004, protocol=SCTP)
    # SCTP_SOCKOPT_PEELOFF: gives an association of a one-to-many socket a socket of its own.
    peeled = keep(socket.socket(socket.AF_INET, socket.SOCK_SEQPACKET, SCTP))
    peeled.bind((LOCAL, 5005))
    peeled.sendto(b"peeled", (LOCAL, 5002))
    # SCTP_GET_ASSOC_ID_LIST, then the association by its id.
    ids = peeled.getsockopt(SCTP, 29, 64)
    number = struct.unpack("=Ii", ids[:8])[1]
    argument = ctypes.create_string_buffer(struct.pack("=ii", number, 0))
    length = ctypes.c_uint(8)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.getsockopt(peeled.fileno(), SCTP, 102, argument, ctypes.byref(length)) < 0:
        raise OSError(ctypes.get_errno(), "SCTP_SOCKOPT_PEELOFF")
    # Both have received what was sent to them.
    many.recv(1)


def ktls():
    """kTLS in all of its configurations: attached, sending, receiving, both; 1.2 and 1.3; two ciphers."""

    def attach(made):
        made.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")

    def key(version, cipher, size):
        return struct.pack("=HH", version, cipher) + bytes(range(1, size + 1))

    # aes-gcm-128: iv 8, key 16, salt 4, rec_seq 8; aes-gcm-256: key 32; chacha20-poly1305: iv 12, key 32, rec_seq 8.
    keys = [key(0x0303, 51, 36), key(0x0304, 51, 36), key(0x0303, 52, 52), key(0x0304, 52, 52)]
    for at, value in enumerate(keys):
        _, client, accepted = pair(5101 + at)
        attach(client)
        attach(accepted)
        client.setsockopt(SOL_TLS, 1, value)
        if at % 2 == 0:
            client.setsockopt(SOL_TLS, 2, value)
        accepted.setsockopt(SOL_TLS, 2, value)
    _, client, _ = pair(5110)
    attach(client)


def bound():
    """Sockets bound to a VRF and to a device in it."""
    for device in ("blue", "lo", "inside"):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            made = keep(socket.socket(socket.AF_INET, kind))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            made.bind(("0.0.0.0", 5201))
            if kind == socket.SOCK_STREAM:
                made.listen(5)
    made = keep(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    made.connect((LOCAL, 5201))


def vsock():
    """A listener, connections and a bound socket over vsock_loopback."""
    server = keep(socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
    server.bind((socket.VMADDR_CID_ANY, 5301))
    server.listen(5)
    for accepted in (True, False):
        client = keep(socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
        client.connect((1, 5301))
        if accepted:
            keep(server.accept()[0])
    unused = keep(socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
    unused.bind((1, 5302))


def tipc():
    """TIPC: accepted, waiting and ended streams, packets in sequence, and reliable and other datagrams."""

    def listener(kind, service):
        made = keep(socket.socket(socket.AF_TIPC, kind))
        made.bind((socket.TIPC_ADDR_NAMESEQ, service, 1, 5, socket.TIPC_NODE_SCOPE))
        made.listen(5)
        return made

    def connecting(kind, service):
        """The other side answers when it accepts."""
        made = keep(socket.socket(socket.AF_TIPC, kind))
        made.setblocking(False)
        try:
            made.connect((socket.TIPC_ADDR_NAME, service, 2, 0))
        except BlockingIOError:
            pass
        return made

    for at, kind in enumerate((socket.SOCK_STREAM, socket.SOCK_SEQPACKET)):
        server = listener(kind, 18888 + at)
        for _ in range(2):
            client = connecting(kind, 18888 + at)
            keep(server.accept()[0])
            client.setblocking(True)
            client.send(b"unread")
            client.send(b"unread too")
        ended = connecting(kind, 18888 + at)
        server.accept()[0].close()
        ended.setblocking(True)
    connecting(socket.SOCK_STREAM, 18888)
    server = keep(socket.socket(socket.AF_TIPC, socket.SOCK_RDM))
    server.bind((socket.TIPC_ADDR_NAMESEQ, 18890, 1, 1))
    client = keep(socket.socket(socket.AF_TIPC, socket.SOCK_RDM))
    for _ in range(3):
        client.sendto(b"unread", (socket.TIPC_ADDR_NAME, 18890, 1, 0))
    keep(socket.socket(socket.AF_TIPC, socket.SOCK_DGRAM))
    require_dump(struct.pack("=BBHI", socket.AF_TIPC, 0, 0, 0xFFFFFFFF))


def xdp():
    """XDP sockets, bound to the second queue of a device and unbound."""
    subprocess.run("ip link add xdp0 numrxqueues 2 numtxqueues 2 type veth peer name xdp1".split(), check=True)
    for device in ("xdp0", "xdp1"):
        subprocess.run(["ip", "link", "set", device, "up"], check=True)
    AF_XDP, SOL_XDP = 44, 283
    made = keep(socket.socket(AF_XDP, socket.SOCK_RAW))
    memory = keep(mmap.mmap(-1, 16 * 4096))
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    # XDP_UMEM_REG with struct xdp_umem_reg, then the sizes of the four rings.
    made.setsockopt(SOL_XDP, 4, struct.pack("=QQIIII", address, 16 * 4096, 2048, 0, 0, 0))
    for option in (2, 3, 5, 6):
        made.setsockopt(SOL_XDP, option, 8)
    # struct sockaddr_xdp: family, XDP_COPY, device, queue, no shared memory.
    end = struct.pack("=HHIII", AF_XDP, 2, socket.if_nametoindex("xdp0"), 1, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.bind(made.fileno(), end, len(end)) < 0:
        raise OSError(ctypes.get_errno(), "bind")
    keep(socket.socket(AF_XDP, socket.SOCK_RAW))
    require_dump(struct.pack("=BBHIIQ", AF_XDP, 0, 0, 0, 0, 0xFFFFFFFFFFFFFFFF))


def lossy():
    """A connection over a loopback that loses one of five packets, until some were sent again and all have arrived."""
    loss = "tc qdisc {} dev lo root netem loss 20%"
    subprocess.run(loss.format("add").split(), check=True)
    _, client, accepted = pair(5701)
    # The 25th number of struct tcp_info after its eight bytes is tcpi_total_retrans.
    sent = 0
    while struct.unpack_from("=I", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0] < 3:
        client.sendall(b"x" * 30_000)
        sent += 30_000
        while sent:
            sent -= len(accepted.recv(sent))
    subprocess.run(loss.format("del").split(), check=True)


def md5():
    """MD5 keys for a host and, where the kernel can, for networks; a connection with keys."""

    def storage(family, address):
        packed = socket.inet_pton(family, address)
        head = struct.pack("=HH", family, 0)
        return (head + (packed if family == socket.AF_INET else b"\0\0\0\0" + packed)).ljust(128, b"\0")

    def add(made, family, address, prefix=None):
        flags, length = (0, 0) if prefix is None else (1, prefix)
        value = storage(family, address) + struct.pack("=BBHi", flags, length, 6, 0) + b"secret".ljust(80, b"\0")
        option = TCP_MD5SIG if prefix is None else TCP_MD5SIG_EXT
        made.setsockopt(socket.IPPROTO_TCP, option, value)

    server = keep(socket.socket())
    server.bind((LOCAL, 5401))
    add(server, socket.AF_INET, LOCAL)
    add(server, socket.AF_INET, "10.0.0.0", 8)
    server.listen(5)
    client = keep(socket.socket())
    add(client, socket.AF_INET, LOCAL)
    client.connect((LOCAL, 5401))
    keep(server.accept()[0])
    six = keep(socket.socket(socket.AF_INET6))
    six.bind(("::1", 5402))
    add(six, socket.AF_INET6, "::1")
    add(six, socket.AF_INET6, "fe80::", 10)
    six.listen(5)


def ao():
    """An authentication option (TCP-AO, since Linux 6.7) on a listener and a connection."""

    def add(made, address):
        # struct tcp_ao_add: addr, alg_name, ifindex, bits, reserved2, prefix, sndid, rcvid, maclen, keyflags, keylen, key
        value = struct.pack("=HH", socket.AF_INET, 0) + socket.inet_aton(address)
        value = value.ljust(128, b"\0") + b"hmac(sha1)".ljust(64, b"\0")
        value += struct.pack("=iIHBBBBBB", 0, 0, 0, 32, 100, 100, 12, 0, 6) + b"secret".ljust(80, b"\0")
        made.setsockopt(socket.IPPROTO_TCP, TCP_AO_ADD_KEY, value)

    server = keep(socket.socket())
    server.bind((LOCAL, 5501))
    add(server, LOCAL)
    server.listen(5)
    client = keep(socket.socket())
    add(client, LOCAL)
    client.connect((LOCAL, 5501))
    keep(server.accept()[0])


def udplite():
    """UDP-Lite, which new kernels no longer have: unconnected and connected, with unread datagrams."""
    server = keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM, UDPLITE))
    server.bind((LOCAL, 5601))
    client = keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM, UDPLITE))
    client.connect((LOCAL, 5601))
    client.send(b"x" * 500)
    six = keep(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, UDPLITE))
    six.bind(("::1", 5602))


def raw():
    """Raw, packet and netlink sockets."""
    for protocol in (socket.IPPROTO_ICMP, 89):
        keep(socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol))
    made = keep(socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6))
    made.connect(("::1", 0))
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM):
        keep(socket.socket(socket.AF_PACKET, kind, socket.htons(3)))
    arp = keep(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)))
    arp.bind(("lo", 0x0806))
    for protocol in (0, 4, 15, 16):
        keep(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)).bind((0, 0))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    print("ready", flush=True)
    sys.stdin.read()
