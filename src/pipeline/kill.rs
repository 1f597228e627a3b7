//! Places where the crash test kills the process. Nothing in a release.

/// Dies here, without a goodbye, when the test has asked for it (`FAILPOINTS="store.committed=5*off->return"`).
pub fn point(name: &'static str) {
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
    fail::fail_point!(name, |_| std::process::abort());
}

/// Reads what the test asks for. Call once, when the process starts.
pub fn arm() {
    #[cfg(feature = "failpoints")]
    std::mem::forget(fail::FailScenario::setup());
}
