//! `sockwatch` without a subcommand: the live dashboard.

use std::time::Duration;

use super::shared::configuration;
use super::shared::net_scope;
use crate::app;
use crate::cli::Dashboard;
use crate::column::VOCABULARY;
use crate::filter::{Filter, ParseContext, RequestedSockets};
use crate::privilege::{self, ADMINISTER_NETWORK};
use crate::source::{LiveOptions, LiveSource, NamespaceScope, Source, SourceError, SystemNames};

/// Sockets from which on a Sample takes so long that some are shown before it begins.
const MANY: u64 = 5_000;

/// Runs the dashboard until the user quits.
///
/// # Errors
/// If the filter or the configuration is invalid, there is no terminal, or the kernel reports no sockets.
pub fn run(arguments: &Dashboard) -> anyhow::Result<()> {
    let around = RequestedSockets::default();
    let context = ParseContext {
        vocabulary: &VOCABULARY,
        names: &SystemNames::default(),
        requested: &around,
        allow_unknown_devices: true,
    };
    let filter = Filter::parse_or_search(&arguments.filter.join(" "), &context)?;
    let config = configuration::load(&arguments.config)?;
    let look = configuration::look(&arguments.look, &config)?;
    app::require_terminal()?;
    let namespaces = net_scope::enter(&arguments.net, NamespaceScope::All)?;
    let live = LiveSource::new(LiveOptions {
        namespaces,
        ..LiveOptions::default()
    })?;
    let options = app::Options {
        interval: arguments
            .interval
            .unwrap_or_else(|| Duration::from_secs_f64(config.dashboard.interval_s)),
        filter,
        may_destroy: privilege::permits(ADMINISTER_NETWORK),
        history: arguments
            .history
            .unwrap_or_else(|| Duration::from_secs_f64(config.dashboard.history_s)),
        capabilities: privilege::permitted_names(),
        look,
        thresholds: config.diagnose,
    };
    let open = || -> Result<Box<dyn Source>, SourceError> {
        Ok(Box::new(LiveSource::new(LiveOptions::preview())?))
    };
    let preview = app::FirstSockets {
        open: Box::new(open),
        before_first_sample: live.approximate_count().is_some_and(|count| count >= MANY),
    };
    app::run_live(Box::new(live), preview, options)
}
