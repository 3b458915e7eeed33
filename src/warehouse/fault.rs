//! Places where a test may make the engine fail (feature `failpoints`, FAILPOINTS in the environment); else nothing.

/// A step at which a test may panic.
#[cfg(feature = "failpoints")]
pub(super) fn point(name: &str) {
    static READY: std::sync::Once = std::sync::Once::new();
    // Kept for ever: its end would take the points away.
    READY.call_once(|| std::mem::forget(fail::FailScenario::setup()));
    fail::eval(name, |_| ());
}

/// A step at which a test may panic.
#[cfg(not(feature = "failpoints"))]
pub(super) fn point(_: &str) {}
