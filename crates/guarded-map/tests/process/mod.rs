//! Processes of their own for tests that raise real signals.

use std::process::{Command, Output};

/// In which a process says which test it was started for, and which case of it.
const WHICH: [&str; 2] = ["GUARDED_MAP_TEST", "GUARDED_MAP_CASE"];

/// Runs `body` for a `case` in a process that runs nothing but `test`, which calls this; returns what became of it, or in
/// that process does not return.
pub fn alone(test: &str, case: &str, body: impl FnOnce(&str)) -> Output {
    let [started_for, started_case] = WHICH.map(|name| std::env::var(name).ok());
    if started_for.as_deref() == Some(test) {
        body(&started_case.unwrap_or_default());
        // At once: what the test runner does afterwards is no part of the test.
        std::process::exit(0);
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).envs(WHICH.into_iter().zip([test, case]));
    command.output().unwrap()
}

/// `body` must end well in a process of its own.
pub fn ends_well(test: &str, body: impl FnOnce()) {
    let output = alone(test, "", |_| body());
    assert!(output.status.success(), "{:?}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
}
