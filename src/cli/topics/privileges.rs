//! `help privileges`: what each capability adds.

use crate::cli::page::Page;

/// Capabilities, and what sockwatch shows or does with them.
const PRIVILEGES: [(&str, &str); 5] = [
    (
        "none",
        "Every socket of the network namespace with its state, queues, TCP information, memory, congestion control \
         and control group; connections that open and close between two samples; your own processes as owners.",
    ),
    (
        "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
        "The processes of other users as owners. Without them, a socket that none of your processes has open reads \
         [permission-denied], or [denied] in the dashboard, and the header shows how many owners are hidden.",
    ),
    (
        "CAP_SYS_ADMIN",
        "The other network namespaces of the host, above all those of containers; with CAP_NET_ADMIN and \
         CAP_NET_BROADCAST also their short connections. See sockwatch help namespaces.",
    ),
    (
        "CAP_KILL",
        "Signals to the processes of other users with K in the dashboard.",
    ),
    (
        "CAP_NET_ADMIN",
        "Firewall marks and filters by mark, the real peers of connections through NAT, a larger buffer for the kernel's \
         events, and ending sockets with kill or K.",
    ),
];

/// Writes what each capability adds and how to grant it.
pub fn write(page: &mut Page) {
    page.paragraph(
        "sockwatch runs without root. Root, or single capabilities, add to what it shows.",
    );
    page.heading("CAPABILITIES");
    page.terms(PRIVILEGES);
    page.heading("AS ROOT");
    page.paragraph("Root has all of them. This is the simplest way to see every owner:");
    page.code("sudo sockwatch");
    page.heading("WITHOUT ROOT");
    page.paragraph(
        "File capabilities on the binary replace root. They are effective only while sockwatch reads /proc/PID or \
         talks to the kernel's socket tables. Files that you name are opened with your own rights, and commands that \
         read a recording give up every capability and, with Landlock, access to all other files and to the network; \
         sockwatch --version shows whether the kernel supports it. Still, the binary shows other users' connections and \
         command lines to everyone who may run it. Restrict it to a group:",
    );
    page.code(
        "groupadd --system sockwatch
install -o root -g sockwatch -m 0750 target/dist/sockwatch /usr/local/bin/
setcap cap_sys_ptrace,cap_dac_read_search+ep /usr/local/bin/sockwatch",
    );
    page.paragraph(
        "Copying or replacing the file removes its capabilities. Run setcap again after an update.",
    );
    page.heading("CONTAINERS");
    page.paragraph(
        "A socket whose process is in another pid \
         namespace reads [other-namespace] if its control group proves that, and [unknown] otherwise. To see a whole \
         host from a container, share its network and pid namespaces.",
    );
}
