//! The option that selects network namespaces.

use clap::Args;

/// Network namespaces of a command that reads the kernel.
#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::doc_markdown, reason = "it is printed as it is")]
pub struct NetScope {
    /// Network namespace: a name, pid, path, own or all
    ///
    /// A name is one that 'ip netns list' prints, a pid that of a process in the namespace, a path that of its file.
    /// 'own' is the namespace of sockwatch; 'all' shows every namespace of the host. Requires CAP_SYS_ADMIN except for
    /// 'own'. Default: all for the dashboard, record and diagnose where permitted, otherwise own.
    #[arg(short = 'N', long = "net", value_name = "SCOPE")]
    pub scope: Option<String>,
}
