//! Reads sysctl settings. Parsed here, because `procfs::sys` has none below `net`, and reads the others only below
//! `/proc`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::{Fault, FaultSeverity, Settings};

/// Names of the settings to read, as in `sysctl`. Some are global and missing in network namespaces other than the
/// initial one (`tcp_mem`, `udp_mem`, `tcp_max_orphans`).
const NAMES: [&str; 45] = [
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_forward",
    "net.ipv4.ipfrag_high_thresh",
    "net.ipv4.tcp_abort_on_overflow",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.tcp_ecn",
    "net.ipv4.tcp_fastopen",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_mem",
    "net.ipv4.tcp_moderate_rcvbuf",
    "net.ipv4.tcp_mtu_probing",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_orphan_retries",
    "net.ipv4.tcp_retries1",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_rfc1337",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_sack",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_synack_retries",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_tw_reuse_delay",
    "net.ipv4.tcp_window_scaling",
    "net.ipv4.tcp_wmem",
    "net.ipv4.udp_mem",
    "net.ipv4.udp_rmem_min",
    "net.core.default_qdisc",
    "net.core.netdev_max_backlog",
    "net.core.rmem_default",
    "net.core.rmem_max",
    "net.core.somaxconn",
    "net.core.wmem_default",
    "net.core.wmem_max",
    "net.netfilter.nf_conntrack_max",
    "fs.file-max",
];

/// Those that findings about a network namespace depend on.
const NAMES_OF_FINDINGS: [&str; 11] = [
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_synack_retries",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_tw_reuse",
    "net.core.rmem_max",
    "net.core.somaxconn",
    "net.netfilter.nf_conntrack_max",
];

/// Maximum length of a stored value, in bytes: lists of reserved ports may be long.
const MAX_VALUE_BYTES: u64 = 4096;

/// Maximum number of unreadable settings that are reported one by one.
const MAX_FAULTS: u32 = 4;

/// Reads the settings of the calling thread's network namespace.
#[derive(Debug)]
pub struct SettingsReader {
    root: PathBuf,
    names: &'static [&'static str],
    paths: Vec<PathBuf>,
    page_size: String,
    known: Arc<Settings>,
    /// Time of the last read, ns of the monotonic clock, with its faults.
    last_read: Option<(u64, Vec<Fault>)>,
    text: String,
}

impl SettingsReader {
    /// Creates a reader without reading anything. `root` is the mount point of procfs.
    pub fn new(root: &Path) -> SettingsReader {
        SettingsReader::of(&NAMES, root)
    }

    /// Creates a reader of the settings that findings about a network namespace depend on.
    pub fn for_findings(root: &Path) -> SettingsReader {
        SettingsReader::of(&NAMES_OF_FINDINGS, root)
    }

    fn of(names: &'static [&'static str], root: &Path) -> SettingsReader {
        let path = |name: &&str| root.join("sys").join(name.replace('.', "/"));
        SettingsReader {
            root: root.to_owned(),
            names,
            paths: names.iter().map(path).collect(),
            page_size: rustix::param::page_size().to_string(),
            known: Arc::default(),
            last_read: None,
            text: String::new(),
        }
    }

    /// Reads the settings like [`Self::read`], or returns those of the last call of this function if that is less than
    /// `interval_ns` ago.
    pub fn read_after(
        &mut self,
        interval_ns: u64,
        now_ns: u64,
        faults: &mut Vec<Fault>,
    ) -> Arc<Settings> {
        if let Some((read_ns, known)) = &self.last_read
            && now_ns.saturating_sub(*read_ns) < interval_ns
        {
            faults.extend_from_slice(known);
            return Arc::clone(&self.known);
        }
        let first = faults.len();
        let settings = self.read(faults);
        let own = faults.get(first..).unwrap_or_default();
        self.last_read = Some((now_ns, own.to_vec()));
        settings
    }

    /// Reads the settings, which are shared with the last call while they do not change. Settings that the kernel does
    /// not have are absent; so are unreadable ones, with faults. Kernel: `/proc/sys`.
    pub fn read(&mut self, faults: &mut Vec<Fault>) -> Arc<Settings> {
        let known = Arc::clone(&self.known);
        let mut list = SettingList {
            known: &known.values,
            unchanged: 0,
            changed: None,
        };
        list.push(Settings::PAGE_SIZE, &self.page_size);
        let mut unread = 0;
        for (name, path) in self.names.iter().zip(&self.paths) {
            self.text.clear();
            let file = File::open(path);
            let read =
                file.and_then(|file| file.take(MAX_VALUE_BYTES).read_to_string(&mut self.text));
            match read {
                Ok(_) => list.push(name, self.text.trim()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    unread += 1;
                    if unread <= MAX_FAULTS {
                        faults.push(unreadable(path, error));
                    }
                }
            }
        }
        if unread > MAX_FAULTS {
            let text = format!("{unread} settings cannot be read");
            faults.push(unreadable(&self.root.join("sys"), text));
        }
        if list.is_empty() && unread == 0 {
            faults.push(missing_directory(&self.root));
        }
        if let Some(values) = list.finish() {
            self.known = Arc::new(Settings { values });
        }
        Arc::clone(&self.known)
    }
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> Fault {
    Fault::new(FaultSeverity::Degraded, path.display().to_string(), error)
}

/// Returns why no setting was found: procfs shows only processes (`subset=pid`, as with systemd's `ProcSubset=pid`), or
/// something is mounted over the directory.
fn missing_directory(root: &Path) -> Fault {
    let directory = root.join("sys");
    match directory.metadata() {
        Ok(_) => unreadable(&directory, "no settings; another mount may hide them"),
        Err(error) => unreadable(
            &directory,
            format!("{error}; procfs may be mounted with subset=pid"),
        ),
    }
}

/// The settings read so far: compared with the previous ones, and copied only if they differ.
struct SettingList<'a> {
    known: &'a [(String, String)],
    /// Number of leading settings that have not changed.
    unchanged: usize,
    /// All settings so far, if one has changed.
    changed: Option<Vec<(String, String)>>,
}

impl SettingList<'_> {
    fn push(&mut self, name: &str, value: &str) {
        let before = self.known.get(self.unchanged);
        if self.changed.is_none() && before.is_some_and(|(n, v)| n == name && v == value) {
            self.unchanged += 1;
            return;
        }
        let changed = self
            .changed
            .get_or_insert_with(|| self.known[..self.unchanged].to_vec());
        changed.push((name.to_owned(), value.to_owned()));
    }

    /// Returns true if no setting but the page size was found.
    fn is_empty(&self) -> bool {
        let found = self.changed.as_ref().map_or(self.unchanged, Vec::len);
        found <= 1
    }

    /// Returns the settings if they differ from the known ones.
    fn finish(self) -> Option<Vec<(String, String)>> {
        let is_shorter = self.unchanged < self.known.len();
        self.changed
            .or_else(|| is_shorter.then(|| self.known[..self.unchanged].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn settings_are_read_and_may_be_absent() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("sys/net/ipv4");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("tcp_mem"), "1\t2\t3\n").unwrap();
        fs::write(directory.join("tcp_rmem"), b"\xff\xfe").unwrap();
        let mut reader = SettingsReader::new(root.path());
        let mut faults = Vec::new();
        let settings = reader.read(&mut faults);
        assert_eq!(settings.number("net.ipv4.tcp_mem", 2), Some(3));
        assert_eq!(settings.get("net.ipv4.tcp_rmem"), None);
        assert!(settings.number(Settings::PAGE_SIZE, 0) >= Some(4096));
        assert!(
            Arc::ptr_eq(&settings, &reader.read(&mut faults)),
            "nothing changed"
        );
        fs::write(directory.join("tcp_mem"), "1\t2\t4\n").unwrap();
        assert_eq!(
            reader.read(&mut faults).number("net.ipv4.tcp_mem", 2),
            Some(4)
        );
        fs::write(directory.join("tcp_ecn"), "2\n").unwrap();
        let settings = reader.read(&mut faults);
        assert_eq!(settings.number("net.ipv4.tcp_ecn", 0), Some(2), "one more");
        assert_eq!(settings.number("net.ipv4.tcp_mem", 2), Some(4));
        fs::remove_file(directory.join("tcp_mem")).unwrap();
        fs::remove_file(directory.join("tcp_ecn")).unwrap();
        let settings = reader.read(&mut faults);
        assert_eq!(settings.get("net.ipv4.tcp_mem"), None, "it is gone");
        assert_eq!(settings.values.len(), 1);
    }
    #[test]
    fn unreadable_settings_are_faults() {
        let root = tempfile::tempdir().unwrap();
        let faults = || {
            let mut faults = Vec::new();
            SettingsReader::new(root.path()).read(&mut faults);
            let texts = faults.iter().map(ToString::to_string);
            let prefix = root.path().display().to_string();
            let texts: Vec<String> = texts.map(|text| text.replace(&prefix, "")).collect();
            texts
        };
        let [none] = &faults()[..] else {
            panic!("one fault for all settings");
        };
        assert!(
            none.starts_with("/sys: ") && none.contains("subset=pid"),
            "{none}"
        );
        fs::create_dir_all(root.path().join("sys")).unwrap();
        assert_eq!(faults(), ["/sys: no settings; another mount may hide them"]);
        let directory = root.path().join("sys/net/ipv4");
        fs::create_dir_all(directory.join("tcp_mem")).unwrap();
        fs::write(directory.join("tcp_ecn"), "2\n").unwrap();
        let [one] = &faults()[..] else {
            panic!("one fault for one setting");
        };
        assert!(one.starts_with("/sys/net/ipv4/tcp_mem: "), "{one}");
    }
}
