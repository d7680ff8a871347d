//! Hands the commit this program is built from to the compiler, as `HORDE_COMMIT`.

use std::process::Command;

fn main() {
    let commit = Command::new("git")
        .args([
            "describe",
            "--always",
            "--dirty",
            "--abbrev=10",
            "--exclude=*",
        ])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(
            || "unknown commit".to_owned(),
            |text| text.trim().to_owned(),
        );
    println!("cargo:rustc-env=HORDE_COMMIT={commit}");
    // a new commit changes one of these; without them every build would run git again
    for path in [".git/HEAD", ".git/logs/HEAD", "sql"] {
        println!("cargo:rerun-if-changed={path}");
    }
}
