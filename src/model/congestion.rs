//! Named fields of congestion control reports.

/// Returns the fields of an algorithm's report, in the kernel's order and units; `None` for fields that were not sent.
/// Empty for an algorithm that this version does not know.
///
/// Kernel: `INET_DIAG_VEGASINFO`, `INET_DIAG_DCTCPINFO`, `INET_DIAG_BBRINFO`.
pub fn congestion_fields(
    algorithm: Option<&str>,
    bytes: &[u8],
) -> Vec<(&'static str, Option<u64>)> {
    let word = |at: usize| {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_ne_bytes(bytes)))
    };
    let half = |at: usize| {
        let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(u64::from(u16::from_ne_bytes(bytes)))
    };
    match algorithm {
        Some("bbr") => vec![
            (
                "bw",
                word(0).zip(word(4)).map(|(low, high)| low | high << 32),
            ),
            ("min_rtt", word(8)),
            ("pacing_gain", word(12)),
            ("cwnd_gain", word(16)),
        ],
        Some("dctcp" | "dctcp-reno") => vec![
            ("enabled", half(0)),
            ("ce_state", half(2)),
            ("alpha", word(4)),
            ("ab_ecn", word(8)),
            ("ab_tot", word(12)),
        ],
        // struct tcpvegas_info, which vegas, veno, westwood, illinois and others fill.
        _ if bytes.len() == 16 => vec![
            ("enabled", word(0)),
            ("rttcnt", word(4)),
            ("rtt", word(8)),
            ("minrtt", word(12)),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_algorithm_has_its_own_fields_and_what_did_not_arrive_is_absent() {
        let bytes: Vec<u8> = (1..=5u32).flat_map(u32::to_ne_bytes).collect();
        let bbr = congestion_fields(Some("bbr"), &bytes);
        assert_eq!(bbr[0], ("bw", Some(1 | 2 << 32)));
        assert_eq!(bbr[3], ("cwnd_gain", Some(5)));
        assert_eq!(congestion_fields(Some("bbr"), &bytes[..4])[0].1, None);
        assert_eq!(
            congestion_fields(Some("vegas"), &bytes[..16])[2],
            ("rtt", Some(3))
        );
        assert_eq!(congestion_fields(Some("cubic"), &bytes), []);
    }
}
