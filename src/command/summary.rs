//! todo
/// x
pub fn run(_: crate::cli::Summary) -> anyhow::Result<()> {
    Ok(())
}
