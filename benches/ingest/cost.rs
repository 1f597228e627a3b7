//! What a process costs, as Linux counts it.

use std::fs;

/// CPU time of a process so far, with all its threads, in milliseconds (a hundredth of a second fine).
pub fn cpu_millis(pid: u32) -> f64 {
    let (own, _) = times(pid).unwrap_or_default();
    own
}

/// CPU time of a process and all its children, those that ended included, in milliseconds.
pub fn family_cpu_millis(parent: u32) -> f64 {
    let (own, ended) = times(parent).unwrap_or_default();
    let children = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        (parent_of(pid)? == parent).then(|| cpu_millis(pid))
    });
    own + ended + children.sum::<f64>()
}

/// CPU time of this thread so far, in milliseconds.
pub fn thread_cpu_millis() -> f64 {
    let (own, _) = fields("/proc/thread-self/stat").as_deref().and_then(of_fields).unwrap_or_default();
    own
}

/// The process that started this one.
pub fn parent_of(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// The most memory that a process ever held, in MB (VmHWM).
pub fn peak_megabytes(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default();
    kib * 1024.0 / 1e6
}

/// Of itself, and of its children that ended.
fn times(pid: u32) -> Option<(f64, f64)> {
    of_fields(&stat(pid)?)
}

/// A tick is 10 ms on Linux.
fn of_fields(fields: &[String]) -> Option<(f64, f64)> {
    let field = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    Some(((field(11)? + field(12)?) * 10.0, (field(13)? + field(14)?) * 10.0))
}

fn stat(pid: u32) -> Option<Vec<String>> {
    fields(&format!("/proc/{pid}/stat"))
}

/// The fields of such a file from the third on (proc(5)): the second may hold blanks.
fn fields(path: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(path).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}
