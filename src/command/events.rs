//! todo
/// x
pub fn run(_: &crate::cli::Events) -> anyhow::Result<()> {
    Ok(())
}
