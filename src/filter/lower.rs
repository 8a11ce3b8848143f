//! What of a filter the kernel can decide, so that it sends no more than it has to: a mask of states and a program for
//! `INET_DIAG_REQ_BYTECODE`.
//!
//! The kernel's program lets through at least what the filter does; whoever asked looks at what arrives once more. Parts
//! that only sockwatch can decide are left out of it.
//!
//! ```text
//! struct inet_diag_bc_op { u8 code; u8 yes; u16 no; }      yes, no: how far to go on, in bytes from here
//! ```
//!
//! It ends well exactly at the end of the program, and badly four bytes behind it. Kernel: `inet_diag_bc_run`.

use std::net::IpAddr;

use super::host::{Address, Host, Network};
use super::program::{ACCEPT, Next, Program, REJECT, Step};
use super::states::StateSet;
use super::test::{Compare, Device, Side, Test};

// Kernel: `enum` of `INET_DIAG_BC_…`, `include/uapi/linux/inet_diag.h`.
const NOP: u8 = 0;
const JMP: u8 = 1;
const S_GE: u8 = 2;
const S_LE: u8 = 3;
const D_GE: u8 = 4;
const D_LE: u8 = 5;
const AUTO: u8 = 6;
const S_COND: u8 = 7;
const D_COND: u8 = 8;
const DEV_COND: u8 = 9;
const MARK_COND: u8 = 10;
const CGROUP_COND: u8 = 13;

const AF_UNSPEC: u8 = 0;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The largest program: distances are 16 bits, and the kernel looks at it in a time that grows with its square.
const LARGEST: usize = 8 * 1024;

/// What the kernel is asked for in place of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The states that are wanted.
    pub states: StateSet,
    /// The payload of `INET_DIAG_REQ_BYTECODE`; empty if every socket in these states is wanted.
    pub code: Vec<u8>,
    /// Whether the kernel decides something that nobody else knows: rows that it did not choose must not be added.
    pub by_kernel_alone: bool,
}

impl Lowered {
    /// Everything.
    pub const ALL: Lowered = Lowered {
        states: StateSet::ALL,
        code: Vec::new(),
        by_kernel_alone: false,
    };
}

/// Lowers what can be lowered. Marks only with `marks`: to others than an administrator the kernel refuses the whole.
pub(super) fn lower(program: &Program, marks: bool) -> Lowered {
    let mut states = StateSet::ALL;
    let mut parts = Vec::new();
    // As for ss: the kernel knows which ports it chose, and is not asked beside what ss would decide by itself.
    let mut whole = true;
    for part in program.parts() {
        if let Some(set) = program.states_of(part.clone()) {
            states = states.common(set);
            continue;
        }
        let steps = &program.steps[part.clone()];
        whole &= steps.iter().all(|step| as_in_ss(&step.test));
        if steps.iter().all(|step| size(&step.test, marks).is_some()) {
            parts.push(part);
        }
    }
    let asks = |part: &std::ops::Range<usize>| {
        let mut steps = program.steps[part.clone()].iter();
        steps.any(|step| matches!(step.test, Test::Autobound(..)))
    };
    if !whole {
        parts.retain(|part| !asks(part));
    }
    Lowered {
        states,
        by_kernel_alone: parts.iter().any(asks),
        code: assemble(program, &parts, marks),
    }
}

/// Whether ss gives it to the kernel.
fn as_in_ss(test: &Test) -> bool {
    !matches!(test, Test::Device(_))
}

/// What a test takes in the program; `None` if the kernel cannot decide it.
fn size(test: &Test, marks: bool) -> Option<usize> {
    // A number that is no port, which the kernel would cut.
    if test.constant().is_some() {
        return Some(4);
    }
    Some(match test {
        Test::Port(_, Compare::Equal, _) => 12,
        Test::Host(_, host) => match &host.address {
            Address::Any => 12,
            Address::Networks(networks) => networks.iter().map(network_size).sum(),
            _ => return None,
        },
        Test::Port(..) | Test::Device(Device::Index(_)) => 8,
        Test::Mark(..) if marks => 12,
        Test::Cgroup(cgroup) if cgroup.id.is_some() => 12,
        Test::Autobound(..) => 4,
        _ => return None,
    })
}

fn network_size(network: &Network) -> usize {
    match network.address {
        IpAddr::V4(_) => 16,
        IpAddr::V6(_) => 28,
    }
}

/// Room for a step with the jump that may follow each of its operations.
fn room(step: &Step, marks: bool) -> usize {
    let operations = match &step.test {
        Test::Host(
            _,
            Host {
                address: Address::Networks(networks),
                ..
            },
        ) => networks.len(),
        _ => 1,
    };
    size(&step.test, marks).unwrap_or(0) + 4 * operations
}

/// Writes the program of some parts that all have to hold.
fn assemble(program: &Program, parts: &[std::ops::Range<usize>], marks: bool) -> Vec<u8> {
    let mut wanted: Vec<usize> = Vec::new();
    let mut length = 0;
    for part in parts {
        let more: usize = program.steps[part.clone()]
            .iter()
            .map(|step| room(step, marks))
            .sum();
        // What does not fit is decided here.
        if length + more <= LARGEST {
            length += more;
            wanted.extend(part.clone());
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut places = Vec::with_capacity(wanted.len());
    let mut place = 0;
    for &step in &wanted {
        places.push(place);
        place += room(&program.steps[step], marks);
    }
    let end = place;
    let target = |next: Next| match next {
        ACCEPT => end,
        REJECT => end + 4,
        step => {
            // A part that is left out counts as holding.
            let at = wanted.partition_point(|&wanted| wanted < step as usize);
            places.get(at).copied().unwrap_or(end)
        }
    };
    let mut code = Vec::with_capacity(end);
    for &at in &wanted {
        let step = &program.steps[at];
        emit(&mut code, step, target(step.yes), target(step.no));
    }
    code
}

/// Writes one step: an operation, or several of which one has to hold, each with a jump behind it.
fn emit(code: &mut Vec<u8>, step: &Step, yes: usize, no: usize) {
    match step.test.constant() {
        Some(true) => return operation(code, NOP, &[], yes, no),
        // A jump is always taken.
        Some(false) => return operation(code, JMP, &[], yes, no),
        None => {}
    }
    match &step.test {
        Test::Port(side, Compare::Equal, port) => {
            let payload = condition(AF_UNSPEC, 0, Some(*port), &[]);
            operation(code, by_side(*side, S_COND, D_COND), &payload, yes, no);
        }
        Test::Port(side, compare, port) => {
            let kind = match compare {
                Compare::AtLeast => by_side(*side, S_GE, D_GE),
                Compare::AtMost | Compare::Equal => by_side(*side, S_LE, D_LE),
            };
            let mut payload = [0; 4];
            payload[2..].copy_from_slice(&(*port as u16).to_ne_bytes());
            operation(code, kind, &payload, yes, no);
        }
        Test::Host(side, host) => {
            let kind = by_side(*side, S_COND, D_COND);
            let Address::Networks(networks) = &host.address else {
                let payload = condition(AF_UNSPEC, 0, host.port, &[]);
                operation(code, kind, &payload, yes, no);
                return;
            };
            for (at, network) in networks.iter().enumerate() {
                let prefix = network.prefix;
                let payload = match network.address {
                    IpAddr::V4(address) => condition(AF_INET, prefix, host.port, &address.octets()),
                    IpAddr::V6(address) => {
                        condition(AF_INET6, prefix, host.port, &address.octets())
                    }
                };
                // If it is not this network, it may be the next one, behind this one's jump.
                let next = code.len() + 4 + payload.len() + 4;
                let no = if at + 1 == networks.len() { no } else { next };
                operation(code, kind, &payload, yes, no);
            }
        }
        Test::Device(Device::Index(index)) => {
            operation(code, DEV_COND, &index.to_ne_bytes(), yes, no);
        }
        Test::Mark(mark, mask) => {
            let payload = [mark.to_ne_bytes(), mask.to_ne_bytes()].concat();
            operation(code, MARK_COND, &payload, yes, no);
        }
        Test::Cgroup(cgroup) => {
            let id = cgroup.id.unwrap_or(0).to_ne_bytes();
            operation(code, CGROUP_COND, &id, yes, no);
        }
        // Nothing else is lowered.
        _ => operation(code, AUTO, &[], yes, no),
    }
}

/// Writes an operation that goes on at `no` or, by the jump behind it, at `yes`.
fn operation(code: &mut Vec<u8>, kind: u8, payload: &[u8], yes: usize, no: usize) {
    let mut write = |kind: u8, payload: &[u8], no: usize| {
        let distance = (no - code.len()) as u16;
        code.extend_from_slice(&[kind, 4 + payload.len() as u8]);
        code.extend_from_slice(&distance.to_ne_bytes());
        code.extend_from_slice(payload);
    };
    write(kind, payload, no);
    write(JMP, &[], yes);
}

fn by_side(side: Side, local: u8, remote: u8) -> u8 {
    match side {
        Side::Local => local,
        Side::Remote => remote,
    }
}

/// `struct inet_diag_hostcond { u8 family; u8 prefix_len; int port; be32 addr[]; }`; a port of -1 is any.
fn condition(family: u8, prefix: u8, port: Option<i64>, address: &[u8]) -> Vec<u8> {
    let mut bytes = vec![family, prefix, 0, 0];
    let port = port.and_then(|port| i32::try_from(port).ok()).unwrap_or(-1);
    bytes.extend_from_slice(&port.to_ne_bytes());
    bytes.extend_from_slice(address);
    bytes
}
