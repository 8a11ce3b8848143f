//! One Sample a tick from the running kernel.
/// x
#[derive(Debug)]
pub struct Live;
/// x
#[derive(Debug)]
pub struct LiveOptions;
