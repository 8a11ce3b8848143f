//! Lowers a filter to conditions that the kernel can evaluate, so that it sends fewer sockets: a mask of states and a
//! program for `INET_DIAG_REQ_BYTECODE`.
//!
//! The program accepts at least the sockets that the filter matches. The filter is evaluated again on the results.
//! Conditions that the kernel cannot evaluate are left out.
//!
//! ```text
//! struct inet_diag_bc_op { u8 code; u8 yes; u16 no; }      yes, no: distances in bytes
//! ```
//!
//! A jump exactly to the end of the program accepts; a jump one to four bytes past the end rejects. Kernel:
//! `inet_diag_bc_run`.

use std::net::IpAddr;

use super::endpoint::{Address, Host, Network};
use super::predicate::{Compare, Device, Predicate, Side};
use super::program::{ACCEPT, Next, Program, REJECT, Step};
use super::state_set::StateSet;

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

/// Maximum size of a program, in bytes. Distances are 16 bits, and the kernel verifies a program in quadratic time.
const MAX_SIZE: usize = 8 * 1024;

/// The part of a filter that the kernel evaluates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoweredFilter {
    /// Requested states.
    pub states: StateSet,
    /// Payload of `INET_DIAG_REQ_BYTECODE`; empty if every socket in these states is requested.
    pub code: Vec<u8>,
    /// True if the program has a condition that only the kernel can evaluate, so rows from other sources must not be
    /// added.
    pub kernel_only: bool,
}

impl LoweredFilter {
    /// Requests every socket.
    pub const ALL: LoweredFilter = LoweredFilter {
        states: StateSet::ALL,
        code: Vec::new(),
        kernel_only: false,
    };
}

/// Lowers a program. Conditions on marks are lowered only if `marks` is set: without `CAP_NET_ADMIN` the kernel rejects
/// the whole request.
pub(super) fn lower(program: &Program, marks: bool) -> LoweredFilter {
    let mut states = StateSet::ALL;
    let mut parts = Vec::new();
    // As in ss, `autobound` is left to the kernel only if ss would also lower the rest of the filter.
    let mut decidable_by_ss = true;
    for part in program.conjunct_ranges() {
        if let Some(set) = program.states_of(part.clone()) {
            states = states.common(set);
            continue;
        }
        let steps = &program.steps[part.clone()];
        decidable_by_ss &= steps.iter().all(|step| is_lowered_by_ss(&step.predicate));
        if steps
            .iter()
            .all(|step| size(&step.predicate, marks).is_some())
        {
            parts.push(part);
        }
    }
    let asks = |part: &std::ops::Range<usize>| {
        let mut steps = program.steps[part.clone()].iter();
        steps.any(|step| matches!(step.predicate, Predicate::Autobound(..)))
    };
    if !decidable_by_ss {
        parts.retain(|part| !asks(part));
    }
    LoweredFilter {
        states,
        kernel_only: parts.iter().any(asks),
        code: assemble(program, &parts, marks),
    }
}

/// Reports whether ss lowers a condition.
fn is_lowered_by_ss(predicate: &Predicate) -> bool {
    !matches!(predicate, Predicate::Device(_))
}

/// Returns the size of a condition in the program, in bytes; `None` if the kernel cannot evaluate it.
fn size(predicate: &Predicate, marks: bool) -> Option<usize> {
    // For example, a number that is not a port, which the kernel would truncate.
    if predicate.constant().is_some() {
        return Some(4);
    }
    Some(match predicate {
        Predicate::Port(_, Compare::Equal, _) => 12,
        Predicate::Host(_, host) => match &host.address {
            Address::Any => 12,
            Address::Networks(networks) => networks.iter().map(network_size).sum(),
            _ => return None,
        },
        Predicate::Port(..) | Predicate::Device(Device::Index(_)) => 8,
        Predicate::Mark(..) if marks => 12,
        Predicate::Cgroup(cgroup) if cgroup.id.is_some() => 12,
        Predicate::Autobound(..) => 4,
        _ => return None,
    })
}

fn network_size(network: &Network) -> usize {
    match network.address {
        IpAddr::V4(_) => 16,
        IpAddr::V6(_) => 28,
    }
}

/// Returns the size of a step, in bytes, including the jump after each of its operations.
fn max_size(step: &Step, marks: bool) -> usize {
    let operations = match &step.predicate {
        Predicate::Host(
            _,
            Host {
                address: Address::Networks(networks),
                ..
            },
        ) => networks.len(),
        _ => 1,
    };
    size(&step.predicate, marks).unwrap_or(0) + 4 * operations
}

/// Assembles the program from parts that are combined with `and`.
fn assemble(program: &Program, parts: &[std::ops::Range<usize>], marks: bool) -> Vec<u8> {
    let mut wanted: Vec<usize> = Vec::new();
    let mut length = 0;
    for part in parts {
        let more: usize = program.steps[part.clone()]
            .iter()
            .map(|step| max_size(step, marks))
            .sum();
        // Parts that do not fit are left out.
        if length + more <= MAX_SIZE {
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
        place += max_size(&program.steps[step], marks);
    }
    let end = place;
    let target = |next: Next| match next {
        ACCEPT => end,
        REJECT => end + 4,
        step => {
            // A part that was left out counts as true.
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

/// Writes one step: one operation, or alternatives with a jump after each.
fn emit(code: &mut Vec<u8>, step: &Step, yes: usize, no: usize) {
    match step.predicate.constant() {
        Some(true) => return operation(code, NOP, &[], yes, no),
        // A jump is always taken.
        Some(false) => return operation(code, JMP, &[], yes, no),
        None => {}
    }
    match &step.predicate {
        Predicate::Port(side, Compare::Equal, port) => {
            let payload = condition(AF_UNSPEC, 0, Some(*port), &[]);
            operation(code, by_side(*side, S_COND, D_COND), &payload, yes, no);
        }
        Predicate::Port(side, compare, port) => {
            let kind = match compare {
                Compare::AtLeast => by_side(*side, S_GE, D_GE),
                Compare::AtMost | Compare::Equal => by_side(*side, S_LE, D_LE),
            };
            let mut payload = [0; 4];
            payload[2..].copy_from_slice(&(*port as u16).to_ne_bytes());
            operation(code, kind, &payload, yes, no);
        }
        Predicate::Host(side, host) => {
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
                // Otherwise continue with the next network, after this one's jump.
                let next = code.len() + 4 + payload.len() + 4;
                let no = if at + 1 == networks.len() { no } else { next };
                operation(code, kind, &payload, yes, no);
            }
        }
        Predicate::Device(Device::Index(index)) => {
            operation(code, DEV_COND, &index.to_ne_bytes(), yes, no);
        }
        Predicate::Mark(mark, mask) => {
            let payload = [mark.to_ne_bytes(), mask.to_ne_bytes()].concat();
            operation(code, MARK_COND, &payload, yes, no);
        }
        Predicate::Cgroup(cgroup) => {
            let id = cgroup.id.unwrap_or(0).to_ne_bytes();
            operation(code, CGROUP_COND, &id, yes, no);
        }
        // `size` rules out all other predicates.
        _ => operation(code, AUTO, &[], yes, no),
    }
}

/// Writes an operation that continues at `no` or, through the jump after it, at `yes`.
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

/// Encodes `struct inet_diag_hostcond { u8 family; u8 prefix_len; int port; be32 addr[]; }`; port -1 means any.
fn condition(family: u8, prefix: u8, port: Option<i64>, address: &[u8]) -> Vec<u8> {
    let mut bytes = vec![family, prefix, 0, 0];
    let port = port.and_then(|port| i32::try_from(port).ok()).unwrap_or(-1);
    bytes.extend_from_slice(&port.to_ne_bytes());
    bytes.extend_from_slice(address);
    bytes
}
