//! Memory of the program's own file and of its libraries: what only the start has used returns to the system.
//!
//! Such pages are copies of the files' contents. The kernel reads them again where they are used again, usually without a disk.

use std::fs;
use std::ops::Range;

/// Where the program and its libraries are in memory.
#[derive(Debug, Default)]
pub(super) struct ProgramPages {
    ranges: Vec<Range<usize>>,
}

impl ProgramPages {
    /// Finds the pages. To be called while the process has one thread, which cannot load a library meanwhile.
    pub(super) fn find() -> ProgramPages {
        // Without them, the pages stay where they are.
        let mappings = fs::read("/proc/self/smaps").unwrap_or_default();
        ProgramPages {
            ranges: unwritten_ranges(&String::from_utf8_lossy(&mappings)),
        }
    }

    /// Returns the pages to the system. Those in use come back one after the other, which takes less than a millisecond.
    #[allow(unsafe_code, reason = "there is no safe interface")]
    pub(super) fn release(self) {
        use nix::libc;
        for range in self.ranges {
            let start = std::ptr::without_provenance_mut(range.start);
            // SAFETY: the range was mapped from a file when the process had one thread, cannot be written to, and had not been
            // changed: it reads the same afterwards. A program and its first libraries are never unmapped.
            unsafe { libc::madvise(start, range.len(), libc::MADV_DONTNEED) };
        }
    }
}

/// Returns the address ranges of `/proc/self/smaps` that are mapped from files, cannot be written to and have never been.
fn unwritten_ranges(mappings: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut current = None;
    for line in mappings.lines() {
        if let Some(mapping) = Mapping::parse(line) {
            current = mapping.is_read_only_file.then_some(mapping.range);
        } else if let Some(changed) = line.strip_prefix("Anonymous:")
            && let Some(range) = current.take()
            && changed.trim() == "0 kB"
        {
            ranges.push(range);
        }
    }
    ranges
}

/// The first line of a mapping.
struct Mapping {
    range: Range<usize>,
    is_read_only_file: bool,
}

impl Mapping {
    /// Parses `start-end permissions offset device inode path`; `None` if it is another line.
    fn parse(line: &str) -> Option<Mapping> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |text: &str| usize::from_str_radix(text, 16).ok();
        let permissions = words.next()?;
        let path = words.nth(3);
        Some(Mapping {
            range: address(start)?..address(end)?,
            is_read_only_file: matches!(permissions, "r--p" | "r-xp")
                && path.is_some_and(|path| path.starts_with('/')),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPINGS: &str = "\
560000000000-560000001000 r--p 00000000 fe:00 7                          /usr/bin/sockwatch
Rss:                   4 kB
Anonymous:             0 kB
VmFlags: rd mr mw me sd
560000001000-560000003000 r-xp 00001000 fe:00 7                          /usr/bin/sockwatch
Anonymous:             0 kB
560000003000-560000004000 r--p 00003000 fe:00 7                          /usr/bin/sockwatch
Anonymous:             4 kB
560000004000-560000005000 rw-p 00004000 fe:00 7                          /usr/bin/sockwatch
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0000001000-7f0000002000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
";

    #[test]
    fn only_what_a_file_has_as_well_is_released() {
        let ranges = unwritten_ranges(MAPPINGS);
        assert_eq!(
            ranges,
            [
                0x5600_0000_0000..0x5600_0000_1000,
                0x5600_0000_1000..0x5600_0000_3000
            ]
        );
        assert!(unwritten_ranges("").is_empty());
    }

    #[test]
    fn a_process_finds_its_program() {
        let function = a_process_finds_its_program as fn() as usize;
        let pages = ProgramPages::find();
        assert!(pages.ranges.iter().any(|range| range.contains(&function)));
    }
}
