//! Sets of UIDs as commands write them, split so that no command grows too long.

/// Exchange takes commands of 10,240 bytes, others of about 8,000.
const SET_BYTES: usize = 7000;

/// Splits UIDs into sets (`3,5:9`), each with the UIDs that it names, of at most `most` UIDs.
pub(super) fn sets(uids: &[u32], most: usize) -> Vec<(String, Vec<u32>)> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut sets: Vec<(String, Vec<u32>)> = Vec::new();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let mut members: Vec<u32> = Vec::new();
    let mut bytes = 0;
    for uid in sorted {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            _ => {
                runs.push((uid, uid));
                bytes += 22;
            }
        }
        members.push(uid);
        if bytes >= SET_BYTES || members.len() >= most {
            sets.push((write(&runs), std::mem::take(&mut members)));
            runs.clear();
            bytes = 0;
        }
    }
    if !members.is_empty() {
        sets.push((write(&runs), members));
    }
    sets
}

fn write(runs: &[(u32, u32)]) -> String {
    let parts: Vec<String> = runs
        .iter()
        .map(|&(first, last)| if first == last { first.to_string() } else { format!("{first}:{last}") })
        .collect();
    parts.join(",")
}

/// A UID from a source id; None if it is none, or 0, which no message has.
pub(super) fn uid(source_id: &str) -> Option<u32> {
    source_id.parse().ok().filter(|&uid| uid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_written_short() {
        assert_eq!(sets(&[9, 3, 5, 6, 7, 5], 100), [("3,5:7,9".to_owned(), vec![3, 5, 6, 7, 9])]);
    }

    #[test]
    fn no_set_is_too_long_and_none_is_lost() {
        let odd: Vec<u32> = (0..5000).map(|n| n * 2 + 4_000_000_000).collect();
        let sets = sets(&odd, 10_000);
        assert!(sets.len() > 1 && sets.iter().all(|(set, _)| set.len() < 8000));
        assert_eq!(sets.into_iter().flat_map(|(_, uids)| uids).collect::<Vec<_>>(), odd);
    }

    #[test]
    fn the_highest_uid_does_not_overflow() {
        assert_eq!(sets(&[u32::MAX], 10), [("4294967295".to_owned(), vec![u32::MAX])]);
    }
}
