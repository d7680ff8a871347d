//! Runs a program under `strace` and reads what it asked of the kernel. Knows the form of strace's
//! output and nothing of what the calls mean.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Output};

/// Calls that change files, make them durable, or tell somebody else something. What of these the
/// model of a disk does not know, it refuses.
const CALLS: &str = "openat,open,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,\
    fallocate,fsync,fdatasync,sync,syncfs,sync_file_range,rename,renameat,renameat2,unlink,\
    unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat,copy_file_range,sendfile,splice,\
    lseek,dup,dup2,dup3,mmap,io_uring_setup,sendto,sendmsg,sendmmsg";
/// Bytes of a call that are written down; no call here has more.
const LONGEST: &str = "16777216";

/// One call that succeeded.
#[derive(Debug)]
pub(super) struct Call {
    /// The lines of the log at which it began and ended: others may stand between.
    pub(super) began: usize,
    pub(super) ended: usize,
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    pub(super) result: i64,
}

/// Whether programs may be traced here.
pub(super) fn is_allowed() -> bool {
    let run = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .output();
    let is_allowed = run.is_ok_and(|output| output.status.success());
    if !is_allowed {
        eprintln!("passed over: strace is missing, or may not trace here");
    }
    is_allowed
}

/// Runs the command to its end; what it did stands in `log`.
pub(super) fn run(command: &Command, log: &Path) -> (Output, Vec<Call>) {
    let mut traced = Command::new("strace");
    traced
        .args(["-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", LONGEST])
        .args(["-e", &format!("trace={CALLS}"), "-o"])
        .arg(log)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        traced.env(name, value.expect("only set"));
    }
    traced.env("PATH", "/usr/bin:/bin");
    traced.current_dir(command.get_current_dir().expect("a folder"));
    let output = traced.output().expect("strace");
    let text = std::fs::read_to_string(log).expect("a log");
    std::fs::remove_file(log).expect("removed");
    (output, calls(&text))
}

/// The calls that succeeded, by when they ended.
fn calls(log: &str) -> Vec<Call> {
    let mut begun: HashMap<&str, (usize, &str)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in log.lines().enumerate() {
        let (thread, rest) = line.split_once(' ').expect("a thread");
        let rest = rest.trim_start();
        if rest.starts_with("---") || rest.starts_with("+++") {
            continue;
        }
        if let Some(first) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, (number, first));
            continue;
        }
        let (began, text) = match rest.strip_prefix("<... ") {
            None => (number, rest.to_owned()),
            Some(resumed) => {
                let (_, end) = resumed.split_once(" resumed>").expect("a resumed call");
                let (began, first) = begun.remove(thread).expect("it had begun");
                (began, format!("{first}{end}"))
            }
        };
        calls.extend(call(began, number, &text));
    }
    calls
}

/// `None`: it failed, or never returned.
fn call(began: usize, ended: usize, text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(').expect("a call");
    let (arguments, result) = rest.rsplit_once(" = ").expect("a result");
    let result = result.split(['<', ' ']).next().expect("one word");
    let result = match result.strip_prefix("0x") {
        Some(address) => i64::from_str_radix(address, 16).unwrap_or(i64::MAX),
        None => result.parse().ok()?,
    };
    let arguments = arguments.trim_end().strip_suffix(')').expect("closed");
    (result >= 0).then(|| Call {
        began,
        ended,
        name: name.to_owned(),
        arguments: split(arguments),
        result,
    })
}

/// At commas outside of brackets. Strings are hexadecimal, so no comma is in them.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for character in text.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => (),
        }
        match character {
            ',' if depth == 0 => parts.push(String::new()),
            ' ' if parts.last().is_some_and(String::is_empty) => (),
            _ => parts.last_mut().expect("one").push(character),
        }
    }
    parts
}

/// All bytes between quotation marks in an argument.
pub(super) fn quoted(argument: &str) -> Vec<u8> {
    assert!(!argument.contains("\"..."), "strace has cut a call short");
    let strings = argument.split('"').skip(1).step_by(2);
    strings.flat_map(unescaped).collect()
}

/// The number of a file, and what it is: a path, or such as `socket:[7]`.
pub(super) fn descriptor(argument: &str) -> Option<(i64, String)> {
    let (number, rest) = argument.split_once('<')?;
    let (name, after) = rest.split_once('>')?;
    let name = String::from_utf8(unescaped(name)).ok()?;
    Some((number.parse().unwrap_or(-1), name + after))
}

fn unescaped(text: &str) -> Vec<u8> {
    if !text.starts_with("\\x") {
        return text.as_bytes().to_vec();
    }
    let codes = text.split("\\x").skip(1);
    let byte = |code| u8::from_str_radix(code, 16).expect("two digits");
    codes.map(byte).collect()
}
