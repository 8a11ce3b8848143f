//! `help monitoring`: `diagnose` as a check.

use crate::cli::page::Page;

/// Exit statuses of `diagnose`.
const STATUSES: [(&str, &str); 4] = [
    ("0", "no finding at or above --fail-on"),
    (
        "1",
        "findings at or above --fail-on (info, warning or critical; default: warning)",
    ),
    ("2", "wrong usage"),
    (
        "3",
        "unknown: there is no such finding, but some that could be were not checked (a setting, counter or table could not \
         be read, or --for is too short); or the check failed, for example because the configuration is invalid",
    ),
];

/// A plugin for Nagios and Icinga. The most severe finding is printed first.
pub const PLUGIN: &str = r#"#!/bin/sh
found=$(sockwatch diagnose --for 15s --config none)
status=$?
[ -n "$found" ] || found="sockwatch failed with exit status $status"
echo "$found"
case $status:$found in
    0:*)         exit 0 ;;
    1:critical*) exit 2 ;;
    1:*)         exit 1 ;;
    *)           exit 3 ;;
esac"#;

/// Writes the exit statuses, and examples for cron, Nagios and Icinga.
pub fn write(page: &mut Page) {
    page.paragraph(
        "sockwatch diagnose watches this machine for a few seconds, or reads a recording, and prints its findings. Its \
         exit status makes it a check.",
    );
    page.code(
        "sockwatch diagnose --for 10s
sockwatch diagnose --for 10s --fail-on critical
sockwatch diagnose --for 10s --json --config none
sockwatch diagnose FILE --json",
    );
    page.paragraph(
        "Findings are reported once their condition has persisted for a few seconds, so watch for at least 10 s. Run the \
         check as root: the findings about processes need the owners of all sockets. --config none ignores the \
         configuration of the machine.",
    );
    page.heading("EXIT STATUS");
    page.terms(STATUSES);
    page.paragraph(
        "Findings that could not be looked for are listed as unchecked (not_checked in JSON) with the reason, also if \
         others were found. Limited checks (limited in JSON) do not change the exit status. They see only a part of the \
         machine, as chosen: processes that this user may read, limits that this network namespace shows, conditions \
         that show within --for, sockets that match the filter of a recording. Disabled findings are not listed. In a \
         hardened service, ProcSubset=pid hides the settings: leave it out.",
    );
    page.heading("CRON");
    page.paragraph("Mail if there is a finding, or if the check fails:");
    page.code("*/5 * * * *  out=$(sockwatch diagnose --for 15s 2>&1) || echo \"$out\"");
    page.heading("NAGIOS AND ICINGA");
    page.paragraph("A plugin that returns 0 (OK), 1 (warning), 2 (critical) or 3 (unknown):");
    page.code(PLUGIN);
    page.paragraph("The command definition for Nagios, if the plugin is /usr/lib/nagios/plugins/check_sockwatch:");
    page.code(
        "define command {
    command_name  check_sockwatch
    command_line  /usr/lib/nagios/plugins/check_sockwatch
}",
    );
    page.paragraph("And for Icinga 2:");
    page.code(
        "object CheckCommand \"sockwatch\" {
    command = [ PluginDir + \"/check_sockwatch\" ]
    timeout = 30s
}",
    );
    page.heading("THRESHOLDS");
    page.paragraph(
        "'sockwatch help findings' lists every finding with its thresholds. Set them in \
         ~/.config/sockwatch/config.toml or /etc/sockwatch/config.toml, or in the file that --config or \
         SOCKWATCH_CONFIG names:",
    );
    page.code(CONFIG);
}

/// An example of a configuration.
pub const CONFIG: &str = include_str!("../../../assets/config_example.toml");
