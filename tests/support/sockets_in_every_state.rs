//! Sockets in every state, held still.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;

use nix::sys::socket::{setsockopt, sockopt as nix_sockopt};
use rustix::net::{
    self as sys, AddressFamily, Shutdown, SocketAddrUnix, SocketFlags, SocketType, sockopt,
};

use super::network_namespace::{
    DEVICE, FAR, FAR_BROKEN, FAR_LOCAL, FAR6, Link, NEAR, NEAR_LOCAL, NOBODY, break_path,
    device_index,
};
use super::wait;

/// Kernel numbers of TCP states, for `/proc/net/tcp`.
mod tcp {
    pub(super) const ESTABLISHED: u8 = 1;
    pub(super) const SYN_SENT: u8 = 2;
    pub(super) const SYN_RECV: u8 = 3;
    pub(super) const FIN_WAIT_1: u8 = 4;
    pub(super) const FIN_WAIT_2: u8 = 5;
    pub(super) const TIME_WAIT: u8 = 6;
    pub(super) const CLOSE_WAIT: u8 = 8;
    pub(super) const LAST_ACK: u8 = 9;
    pub(super) const CLOSING: u8 = 11;
}

/// A socket that was brought into a state.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// What it is an example of.
    pub(crate) name: &'static str,
    /// `tcp`, `udp`, `raw` or `unix`.
    pub(crate) protocol: &'static str,
    /// ss's filter name of the state it is in.
    pub(crate) state: &'static str,
    /// Its cookie; `None` if no descriptor ever referred to it.
    pub(crate) cookie: Option<u64>,
    /// Ends of the socket, where they distinguish it.
    pub(crate) ends: Option<(SocketAddr, SocketAddr)>,
}

/// Sockets, kept as they are until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Those that were brought into a state on purpose. There are others: their other ends.
    pub(crate) made: Vec<Made>,
    keep: Vec<OwnedFd>,
    link: Option<Link>,
}

/// The kernel's cookie of a socket.
pub(crate) fn cookie(socket: impl AsFd) -> u64 {
    sockopt::socket_cookie(socket).expect("the kernel gives cookies")
}

/// A TCP socket that does not block.
pub(crate) fn nonblocking_tcp(family: AddressFamily) -> OwnedFd {
    sys::socket_with(
        family,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )
    .expect("a TCP socket")
}

/// Starts a connection and does not wait for it.
pub(crate) fn connect_started(socket: &OwnedFd, to: SocketAddr) {
    match sys::connect(socket, &to) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
        Err(error) => panic!("connect to {to}: {error}"),
    }
}

/// A listener on a port that the kernel chooses.
pub(crate) fn listener(address: impl Into<std::net::IpAddr>) -> TcpListener {
    TcpListener::bind(SocketAddr::new(address.into(), 0)).expect("a listener")
}

/// The address that a listener listens on.
pub(crate) fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("it has an address")
}

/// Both ends of a new connection: the opener's and the acceptor's.
pub(crate) fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
    let opener = TcpStream::connect(address(listener)).expect("it connects");
    let (acceptor, _) = listener.accept().expect("it accepts");
    (opener, acceptor)
}

fn ports(stream: &TcpStream) -> (u16, u16) {
    (
        stream.local_addr().expect("local address").port(),
        stream.peer_addr().expect("remote address").port(),
    )
}

/// Reads until the other side's FIN.
fn read_to_fin(mut stream: &TcpStream) {
    stream
        .read_to_end(&mut Vec::new())
        .expect("the other side closes");
}

/// Writes until the kernel takes no more.
fn fill(mut stream: &TcpStream) {
    stream.set_nonblocking(true).expect("it can be set");
    let chunk = vec![0x5a; 64 * 1024];
    loop {
        match stream.write(&chunk) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => panic!("write: {error}"),
        }
    }
}

impl World {
    /// Opens all of them; unix sockets are bound in `directory`.
    pub(crate) fn in_every_state(directory: &Path) -> World {
        let mut world = World::default();
        world.add_tcp();
        world.add_udp();
        world.add_raw();
        world.add_unix(directory);
        world.add_marked();
        world.add_linked();
        world
    }

    fn keep(&mut self, socket: impl Into<OwnedFd>) {
        self.keep.push(socket.into());
    }

    fn note(
        &mut self,
        name: &'static str,
        protocol: &'static str,
        state: &'static str,
        socket: BorrowedFd<'_>,
    ) {
        self.made.push(Made {
            name,
            protocol,
            state,
            cookie: Some(cookie(socket)),
            ends: None,
        });
    }

    /// Notes a socket as made and keeps it.
    fn made(
        &mut self,
        name: &'static str,
        protocol: &'static str,
        state: &'static str,
        socket: impl Into<OwnedFd>,
    ) {
        let socket = socket.into();
        self.note(name, protocol, state, socket.as_fd());
        self.keep.push(socket);
    }

    /// TCP over loopback: needs no privilege.
    pub(crate) fn add_tcp(&mut self) {
        self.add_listeners();
        self.add_established();
        self.add_closing_over_loopback();

        let bound = nonblocking_tcp(AddressFamily::INET);
        sys::bind(&bound, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("it binds");
        self.made("bound, nothing else", "tcp", "bound-inactive", bound);
    }

    fn add_listeners(&mut self) {
        self.made(
            "listener v4",
            "tcp",
            "listening",
            listener(Ipv4Addr::LOCALHOST),
        );
        self.made(
            "listener on every v4 address",
            "tcp",
            "listening",
            listener(Ipv4Addr::UNSPECIFIED),
        );
        self.made(
            "listener on one v6 address",
            "tcp",
            "listening",
            listener(Ipv6Addr::LOCALHOST),
        );
        for (name, only) in [("listener v6 only", true), ("listener dual stack", false)] {
            let socket = nonblocking_tcp(AddressFamily::INET6);
            sockopt::set_ipv6_v6only(&socket, only).expect("it can be set");
            sys::bind(&socket, &SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))).expect("it binds");
            sys::listen(&socket, 16).expect("it listens");
            let dual = TcpListener::from(socket);
            if !only {
                let port = address(&dual).port();
                let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it connects");
                dual.set_nonblocking(false).expect("it can be set");
                let (mapped, _) = dual.accept().expect("it accepts");
                self.made("v4-mapped, accepted", "tcp", "established", mapped);
                self.made("client of a v4-mapped one", "tcp", "established", client);
            }
            self.made(name, "tcp", "listening", dual);
        }

        // listen(1) lets two wait; the others get no answer.
        let full = nonblocking_tcp(AddressFamily::INET);
        sys::bind(&full, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("it binds");
        sys::listen(&full, 1).expect("it listens");
        let full = TcpListener::from(full);
        let to = address(&full);
        for (index, name) in [
            "client of one that waits for accept",
            "client of another that waits for accept",
            "no answer: the accept queue is full",
            "no answer either: the accept queue is full",
        ]
        .into_iter()
        .enumerate()
        {
            let client = nonblocking_tcp(AddressFamily::INET);
            connect_started(&client, to);
            let client = TcpStream::from(client);
            let from = client.local_addr().expect("it has an address");
            let (state, number) = if index < 2 {
                ("established", tcp::ESTABLISHED)
            } else {
                ("syn-sent", tcp::SYN_SENT)
            };
            wait::until_tcp(name, from.port(), to.port(), number);
            if index < 2 {
                wait::until_tcp(name, to.port(), from.port(), tcp::ESTABLISHED);
                self.made.push(Made {
                    name: "waits for accept",
                    protocol: "tcp",
                    state: "established",
                    cookie: None,
                    ends: Some((to, from)),
                });
            }
            self.made(name, "tcp", state, client);
        }
        self.made(
            "listener with a full accept queue",
            "tcp",
            "listening",
            full,
        );
    }

    fn add_established(&mut self) {
        let listener4 = listener(Ipv4Addr::LOCALHOST);
        let (mut opener, mut acceptor) = pair(&listener4);
        opener.write_all(&[1; 12_345]).expect("it writes");
        acceptor.read_exact(&mut [0; 12_345]).expect("it reads");
        acceptor.write_all(&[2; 777]).expect("it writes");
        opener.read_exact(&mut [0; 777]).expect("it reads");
        self.made(
            "idle after an exchange, opener",
            "tcp",
            "established",
            opener,
        );
        self.made(
            "idle after an exchange, acceptor",
            "tcp",
            "established",
            acceptor,
        );

        let (writer, reader) = pair(&listener4);
        fill(&writer);
        self.made(
            "writer whose peer never reads",
            "tcp",
            "established",
            writer,
        );
        self.made("reader that never reads", "tcp", "established", reader);

        let (alive, other) = pair(&listener4);
        sockopt::set_socket_keepalive(&alive, true).expect("it can be set");
        self.made("with keepalive", "tcp", "established", alive);
        self.keep(other);

        let (reno, other) = pair(&listener4);
        sockopt::set_tcp_congestion(&reno, "reno").expect("reno is always there");
        sockopt::set_ip_tos(&reno, 0x10).expect("it can be set");
        self.made("reno, with a type of service", "tcp", "established", reno);
        self.keep(other);

        let (twice, other) = pair(&listener4);
        let copy = twice.try_clone().expect("it can be duplicated");
        self.made("two descriptors", "tcp", "established", twice);
        self.keep(copy);
        self.keep(other);

        let listener6 = listener(Ipv6Addr::LOCALHOST);
        let (opener, acceptor) = pair(&listener6);
        sockopt::set_ipv6_tclass(&opener, 0x20).expect("it can be set");
        self.made("v6, with a traffic class", "tcp", "established", opener);
        self.made("v6 acceptor", "tcp", "established", acceptor);
        self.keep(listener4);
        self.keep(listener6);
    }

    fn add_closing_over_loopback(&mut self) {
        let listener = listener(Ipv4Addr::LOCALHOST);

        let (first, second) = pair(&listener);
        sys::shutdown(&first, Shutdown::Write).expect("it shuts down");
        let (local, remote) = ports(&first);
        wait::until_tcp("FIN-WAIT-2", local, remote, tcp::FIN_WAIT_2);
        wait::until_tcp("CLOSE-WAIT", remote, local, tcp::CLOSE_WAIT);
        self.made("shut down, peer has not", "tcp", "fin-wait-2", first);
        self.made("peer has shut down", "tcp", "close-wait", second);

        // Closed, not shut down: without an owner it soon is a mini-socket.
        let (first, second) = pair(&listener);
        let (local, remote) = ports(&first);
        let gone = cookie(&first);
        drop(first);
        wait::until_tcp("orphaned FIN-WAIT-2", local, remote, tcp::FIN_WAIT_2);
        self.made.push(Made {
            name: "closed, peer has not",
            protocol: "tcp",
            state: "fin-wait-2",
            cookie: Some(gone),
            ends: None,
        });
        self.made("peer has closed", "tcp", "close-wait", second);

        let (mut first, second) = pair(&listener);
        first.write_all(b"farewell").expect("it writes");
        let (local, remote) = ports(&first);
        let gone = cookie(&first);
        drop(first);
        read_to_fin(&second);
        drop(second);
        wait::until_tcp("TIME-WAIT", local, remote, tcp::TIME_WAIT);
        self.made.push(Made {
            name: "closed first",
            protocol: "tcp",
            state: "time-wait",
            cookie: Some(gone),
            ends: None,
        });
        self.keep(listener);
    }

    /// UDP over loopback: needs no privilege.
    pub(crate) fn add_udp(&mut self) {
        let bind = |address: &str| UdpSocket::bind(address).expect("it binds");
        self.made("unconnected", "udp", "closed", bind("127.0.0.1:0"));
        self.made("on every address", "udp", "closed", bind("0.0.0.0:0"));
        self.made("v6", "udp", "closed", bind("[::1]:0"));
        self.made("v6 on every address", "udp", "closed", bind("[::]:0"));

        let (one, two) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
        one.connect(two.local_addr().expect("it has an address"))
            .expect("it connects");
        for _ in 0..3 {
            one.send(&[0; 500]).expect("it sends");
        }
        self.made("connected", "udp", "established", one);
        self.made("with unread datagrams", "udp", "closed", two);

        let (one, two) = (bind("[::1]:0"), bind("[::1]:0"));
        two.connect(one.local_addr().expect("it has an address"))
            .expect("it connects");
        self.made("v6 connected", "udp", "established", two);
        self.keep(one);

        let (small, sender) = (bind("127.0.0.1:0"), bind("127.0.0.1:0"));
        sockopt::set_socket_recv_buffer_size(&small, 2304).expect("it can be set");
        let to = small.local_addr().expect("it has an address");
        for _ in 0..50 {
            sender.send_to(&[0; 1000], to).expect("it sends");
        }
        self.made("drops datagrams", "udp", "closed", small);
        self.keep(sender);
    }

    /// Raw sockets. Needs root.
    pub(crate) fn add_raw(&mut self) {
        for (name, family, protocol) in [
            ("raw ICMP", AddressFamily::INET, sys::ipproto::ICMP),
            ("raw ICMPv6", AddressFamily::INET6, sys::ipproto::ICMPV6),
        ] {
            let socket = sys::socket_with(
                family,
                SocketType::RAW,
                SocketFlags::CLOEXEC,
                Some(protocol),
            )
            .expect("root may open raw sockets");
            self.made(name, "raw", "closed", socket);
        }
    }

    /// Unix sockets, those with a path in `directory`.
    pub(crate) fn add_unix(&mut self, directory: &Path) {
        let path = directory.join("stream");
        let listener = UnixListener::bind(&path).expect("it binds");
        for _ in 0..2 {
            self.made(
                "client that waits for accept",
                "unix",
                "established",
                UnixStream::connect(&path).expect("it connects"),
            );
        }
        self.made("listener with two pending", "unix", "listening", listener);

        let path = directory.join("served");
        let listener = UnixListener::bind(&path).expect("it binds");
        let client = UnixStream::connect(&path).expect("it connects");
        let (served, _) = listener.accept().expect("it accepts");
        self.made("client", "unix", "established", client);
        self.made("accepted", "unix", "established", served);
        self.made("listener", "unix", "listening", listener);

        let unix = |kind| {
            sys::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
                .expect("a unix socket")
        };
        let hidden = format!("sockwatch-test-{}", std::process::id());
        let name = |suffix: &str| {
            SocketAddrUnix::new_abstract_name(format!("{hidden}-{suffix}").as_bytes())
                .expect("a short name")
        };
        let abstract_listener = unix(SocketType::STREAM);
        sys::bind(&abstract_listener, &name("stream")).expect("it binds");
        sys::listen(&abstract_listener, 5).expect("it listens");
        self.made("abstract listener", "unix", "listening", abstract_listener);

        let sequenced = unix(SocketType::SEQPACKET);
        sys::bind(&sequenced, &name("seqpacket")).expect("it binds");
        sys::listen(&sequenced, 5).expect("it listens");
        self.made("seqpacket listener", "unix", "listening", sequenced);

        for (name, kind) in [
            ("stream pair", SocketType::STREAM),
            ("dgram pair", SocketType::DGRAM),
            ("seqpacket pair", SocketType::SEQPACKET),
        ] {
            let (one, two) = sys::socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
                .expect("a pair");
            sys::send(&one, b"unread", sys::SendFlags::empty()).expect("it sends");
            self.made(name, "unix", "established", one);
            self.made(name, "unix", "established", two);
        }
        let (one, two) = UnixStream::pair().expect("a pair");
        one.shutdown(std::net::Shutdown::Write)
            .expect("it shuts down");
        self.made("shut down for writing", "unix", "established", one);
        self.made("shut down for reading", "unix", "established", two);

        self.made(
            "dgram without a name",
            "unix",
            "closed",
            UnixDatagram::unbound().expect("a socket"),
        );
        let bound = UnixDatagram::bind(directory.join("dgram")).expect("it binds");
        let sender = UnixDatagram::unbound().expect("a socket");
        sender
            .connect(directory.join("dgram"))
            .expect("it connects");
        sender.send(b"unread").expect("it sends");
        // The kernel puts the other end into ESTABLISHED too (unix_dgram_connect).
        self.made(
            "dgram that another connected to",
            "unix",
            "established",
            bound,
        );
        let lone = UnixDatagram::bind(directory.join("lone")).expect("it binds");
        self.made("dgram with a path", "unix", "closed", lone);
        self.made("dgram connected one way", "unix", "established", sender);
    }

    /// What only root can set on a socket: a mark, a device, another user.
    pub(crate) fn add_marked(&mut self) {
        let listener = listener(Ipv4Addr::LOCALHOST);
        let (marked, other) = pair(&listener);
        setsockopt(&marked, nix_sockopt::Mark, &0x2a).expect("root may mark");
        self.made("marked", "tcp", "established", marked);
        self.keep(other);

        let (foreign, other) = pair(&listener);
        let user = rustix::fs::Uid::from_raw(1234);
        rustix::fs::fchown(&foreign, Some(user), None).expect("root may give it away");
        self.made("of another user", "tcp", "established", foreign);
        self.keep(other);
        self.keep(listener);

        let bound = UdpSocket::bind("0.0.0.0:0").expect("it binds");
        setsockopt(&bound, nix_sockopt::BindToDevice, &"lo".into()).expect("root may bind to lo");
        self.made("bound to a device", "udp", "closed", bound);
    }

    /// TCP over a link whose other side can be made unreachable. Needs root and `ip`.
    pub(crate) fn add_linked(&mut self) {
        let link = Link::new();
        let (good, broken, six) = link.far(|| {
            (
                listener(FAR),
                listener(FAR_BROKEN),
                TcpListener::bind((FAR6, 0)).expect("a listener"),
            )
        });
        let connect = |to: &TcpListener| {
            let near = TcpStream::connect(address(to)).expect("it connects");
            let (far, _) = to.accept().expect("it accepts");
            (near, far)
        };

        let (near, far) = connect(&good);
        self.made("over the link", "tcp", "established", near);
        self.keep(far);
        let (near, far) = connect(&six);
        self.made("over the link, v6", "tcp", "established", near);
        self.keep(far);

        let device = nonblocking_tcp(AddressFamily::INET);
        setsockopt(&device, nix_sockopt::BindToDevice, &DEVICE.into()).expect("root may bind");
        sys::bind(&device, &SocketAddr::from((NEAR, 0))).expect("it binds");
        sys::listen(&device, 8).expect("it listens");
        self.made("listener on one device", "tcp", "listening", device);

        // Link-local addresses need a scope.
        let scope = device_index(DEVICE);
        let local: Ipv6Addr = NEAR_LOCAL.parse().expect("an address");
        let scoped = TcpListener::bind(SocketAddrV6::new(local, 0, 0, scope)).expect("it binds");
        self.made(
            "listener on a link-local address",
            "tcp",
            "listening",
            scoped,
        );

        let unanswered = nonblocking_tcp(AddressFamily::INET);
        connect_started(&unanswered, SocketAddr::from((NOBODY, 9)));
        let unanswered = TcpStream::from(unanswered);
        let port = unanswered.local_addr().expect("it has an address").port();
        wait::until_tcp("SYN-SENT", port, 9, tcp::SYN_SENT);
        self.made("connects to nobody", "tcp", "syn-sent", unanswered);

        // What has to be exchanged before the path breaks.
        let (fin_wait, fin_wait_far) = connect(&broken);
        let (last_ack, last_ack_far) = connect(&broken);
        let (closing, closing_far) = connect(&broken);
        let (orphan, orphan_far) = connect(&broken);
        let (mut lossy, lossy_far) = connect(&broken);
        sys::shutdown(&last_ack_far, Shutdown::Write).expect("it shuts down");
        read_to_fin(&last_ack);

        break_path();
        for stream in [&fin_wait, &last_ack, &closing] {
            sys::shutdown(stream, Shutdown::Write).expect("it shuts down");
        }
        lossy.write_all(&[3; 5000]).expect("it writes");
        let (local, remote) = ports(&orphan);
        let orphan_cookie = cookie(&orphan);
        drop(orphan);
        wait::until_tcp("orphaned FIN-WAIT-1", local, remote, tcp::FIN_WAIT_1);
        // Its FIN arrives here, and does not acknowledge ours.
        sys::shutdown(&closing_far, Shutdown::Write).expect("it shuts down");
        read_to_fin(&closing);
        for (stream, state) in [
            (&fin_wait, tcp::FIN_WAIT_1),
            (&last_ack, tcp::LAST_ACK),
            (&closing, tcp::CLOSING),
        ] {
            let (local, remote) = ports(stream);
            wait::until_tcp("a state of closing", local, remote, state);
        }
        self.made("FIN not acknowledged", "tcp", "fin-wait-1", fin_wait);
        self.made("second FIN not acknowledged", "tcp", "last-ack", last_ack);
        self.made("both FINs under way", "tcp", "closing", closing);
        self.made("data not acknowledged", "tcp", "established", lossy);
        self.made.push(Made {
            name: "closed, FIN not acknowledged",
            protocol: "tcp",
            state: "fin-wait-1",
            cookie: Some(orphan_cookie),
            ends: None,
        });

        // The request arrives, the answer does not.
        let server = listener(NEAR);
        let to = address(&server);
        let (from, half_open) = link.far(move || {
            let client = nonblocking_tcp(AddressFamily::INET);
            sys::bind(&client, &SocketAddr::from((FAR_BROKEN, 0))).expect("it binds");
            connect_started(&client, to);
            let client = TcpStream::from(client);
            (client.local_addr().expect("it has an address"), client)
        });
        wait::until_tcp("SYN-RECV", to.port(), from.port(), tcp::SYN_RECV);
        self.made.push(Made {
            name: "half open",
            protocol: "tcp",
            state: "syn-recv",
            cookie: None,
            ends: Some((to, from)),
        });

        let kept = [
            fin_wait_far,
            last_ack_far,
            closing_far,
            orphan_far,
            lossy_far,
        ];
        for socket in kept {
            self.keep(socket);
        }
        self.keep(half_open);
        self.made("listener of a half-open one", "tcp", "listening", server);
        let scoped_far: Ipv6Addr = FAR_LOCAL.parse().expect("an address");
        let far_scope = link.far(|| device_index("far0"));
        let scoped = link.far(move || {
            TcpListener::bind(SocketAddrV6::new(scoped_far, 0, 0, far_scope)).expect("it binds")
        });
        let port = address(&scoped).port();
        let near =
            TcpStream::connect(SocketAddrV6::new(scoped_far, port, 0, scope)).expect("it connects");
        self.made("to a link-local address", "tcp", "established", near);
        for socket in [good, broken, six, scoped] {
            self.keep(socket);
        }
        self.link = Some(link);
    }
}
