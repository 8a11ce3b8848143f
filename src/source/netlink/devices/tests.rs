use proptest::prelude::*;

use super::*;

/// A message with its header.
fn message(kind: u16, sequence: u32, head: &[u8], attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut payload = head.to_vec();
    for (kind, value) in attributes {
        payload.extend_from_slice(&(4 + value.len() as u16).to_ne_bytes());
        payload.extend_from_slice(&kind.to_ne_bytes());
        payload.extend_from_slice(value);
        payload.resize(payload.len().next_multiple_of(4), 0);
    }
    let mut out = Vec::new();
    write_message(kind, &payload, 0, sequence, &mut out);
    out
}

/// `struct ifinfomsg` of device 2, up and running with a carrier.
fn ifinfomsg() -> [u8; IFINFOMSG] {
    let mut head = [0; IFINFOMSG];
    head[4..8].copy_from_slice(&2u32.to_ne_bytes());
    head[8..12].copy_from_slice(&0x1_1043_u32.to_ne_bytes());
    head
}

/// `struct ifaddrmsg` of device 2.
fn ifaddrmsg(family: u8, prefix: u8) -> [u8; IFADDRMSG] {
    let mut head = [0; IFADDRMSG];
    (head[0], head[1]) = (family, prefix);
    head[4..].copy_from_slice(&2u32.to_ne_bytes());
    head
}

/// A device with an address of each family, and an address of another device.
fn datagram() -> Vec<u8> {
    let six: Ipv6Addr = "2001:db8::1".parse().unwrap();
    let mut elsewhere = ifaddrmsg(2, 8);
    elsewhere[4] = 9;
    [
        message(
            RTM_NEWLINK,
            7,
            &ifinfomsg(),
            &[
                (IFLA_IFNAME, b"wg0\0"),
                (IFLA_MTU, &1420u32.to_ne_bytes()),
                (IFLA_OPERSTATE, &[6]),
                (999, b"unknown"),
            ],
        ),
        message(
            RTM_NEWADDR,
            7,
            &ifaddrmsg(10, 64),
            &[(IFA_ADDRESS, &six.octets())],
        ),
        message(
            RTM_NEWADDR,
            7,
            &ifaddrmsg(2, 32),
            // The remote end of the link comes first.
            &[(IFA_ADDRESS, &[10, 0, 0, 2]), (IFA_LOCAL, &[10, 0, 0, 1])],
        ),
        message(RTM_NEWADDR, 7, &elsewhere, &[(IFA_LOCAL, &[127, 0, 0, 1])]),
        message(RTM_NEWLINK, 6, &ifinfomsg(), &[(IFLA_IFNAME, b"old0\0")]),
        message(NLMSG_DONE, 7, &0i32.to_ne_bytes(), &[]),
    ]
    .concat()
}

#[test]
fn links_and_addresses_are_joined() {
    let mut devices = Vec::new();
    let status = decode_devices(&datagram(), 7, &mut devices);
    assert_eq!(status.ended, Some(0));
    let [device] = &devices[..] else {
        panic!("one device, not {devices:?}");
    };
    assert_eq!((device.index, device.name.as_str()), (2, "wg0"));
    assert_eq!((device.mtu, device.state()), (Some(1420), "up"));
    let addresses: Vec<String> = device.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["2001:db8::1/64", "10.0.0.1/32"]);
}

#[test]
fn a_refusal_is_an_error_and_no_end_is_none() {
    let refusal = message(NLMSG_ERROR, 1, &(-95i32).to_ne_bytes(), &[]);
    assert_eq!(decode_devices(&refusal, 1, &mut Vec::new()).ended, Some(95));
    assert_eq!(decode_devices(&[], 1, &mut Vec::new()).ended, None);
}

#[test]
fn this_machine_has_devices_and_they_are_shared() {
    let (mut reader, mut faults) = (DeviceReader::new(), Vec::new());
    let first = reader.get(&[], &mut faults);
    assert_eq!(faults, []);
    let devices = first.clone().expect("rtnetlink answers");
    assert!(devices.iter().any(|device| device.name == "lo"));
    let again = reader.get(&[], &mut faults).expect("they are known");
    assert!(Arc::ptr_eq(&devices, &again));
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_skipped(
        at in any::<prop::sample::Index>(),
        byte: u8,
        end in any::<prop::sample::Index>(),
    ) {
        let mut bytes = datagram();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        bytes.truncate(end.index(bytes.len() + 1));
        decode_devices(&bytes, 7, &mut Vec::new());
    }
}
