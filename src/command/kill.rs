//! todo
/// x
pub fn run(_: &crate::cli::Kill) -> anyhow::Result<()> {
    Ok(())
}
