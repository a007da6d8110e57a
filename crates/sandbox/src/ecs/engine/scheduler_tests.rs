use super::{
    facts::{Facts, Limits, Phase, TaskFact},
    rollout::StopReason,
    scheduler::{Schedule, is_steady, schedule},
};
use jiff::Timestamp;

const OLD: u64 = 1;
const NEW: u64 = 2;

/// Facts from a line such as `o:HH n:SU`: old and new tasks by the first letter of their phase, `G` for one that goes.
fn facts(desired: u32, (minimum_healthy_percent, maximum_percent): (u32, u32), line: &str) -> Facts {
    let mut tasks = Vec::new();
    for (group, letters) in line.split(' ').filter_map(|part| part.split_once(':')) {
        for (place, letter) in letters.chars().enumerate() {
            let phase = match letter {
                'S' => Phase::Starting,
                'H' => Phase::Healthy,
                'U' => Phase::Unhealthy,
                _ => Phase::Stopping,
            };
            let revision = if group == "o" { OLD } else { NEW };
            tasks.push(TaskFact { id: format!("{group}{place}"), revision, phase });
        }
    }
    let limits = Limits { minimum_healthy_percent, maximum_percent };
    Facts {
        now: Timestamp::UNIX_EPOCH,
        desired,
        limits,
        tasks,
        happened: Vec::new(),
        routable: true,
        ringing: Vec::new(),
        said: Vec::new(),
    }
}

/// What is scheduled, as a line: how many start, and which stop.
fn line(Schedule { start, stop }: Schedule) -> String {
    let stops = stop.iter().map(|(task, reason)| {
        let why = match reason {
            StopReason::Replaced => "replaced",
            StopReason::Scaling => "scaling",
            StopReason::Unhealthy => "unhealthy",
        };
        format!(" -{task} {why}")
    });
    format!("+{start}{}", stops.collect::<String>())
}

#[test]
fn the_next_moves() {
    let (whole, half, down) = ((100, 200), (50, 100), (0, 100));
    let table = [
        // A first deployment, and nothing left to do.
        (2, whole, "", "+2"),
        (2, whole, "n:SS", "+0"),
        (2, whole, "n:HH", "+0"),
        // Rolling with room for a second set: old ones go one for one as new ones become healthy.
        (2, whole, "o:HH", "+2"),
        (2, whole, "o:HH n:SS", "+0"),
        (2, whole, "o:HH n:HS", "+0 -o0 replaced"),
        (2, whole, "o:GH n:HS", "+0"),
        (2, whole, "o:GH n:HH", "+0 -o1 replaced"),
        (2, whole, "o:HH n:HH", "+0 -o0 replaced -o1 replaced"),
        // An old task that serves nobody goes at once.
        (2, whole, "o:HSU", "+1 -o1 replaced -o2 replaced"),
        // Rolling without room: the minimum says how many may go first.
        (2, half, "o:HH", "+0 -o0 replaced"),
        (2, half, "o:H", "+1"),
        (2, half, "o:H n:S", "+0"),
        (2, half, "o:H n:H", "+0 -o0 replaced"),
        (4, half, "o:HHHH", "+0 -o0 replaced -o1 replaced"),
        (2, down, "o:HH", "+0 -o0 replaced -o1 replaced"),
        // The maximum is rounded down: 150 % of 3 leaves room for one.
        (3, (100, 150), "o:HHH", "+1"),
        // Replacing what failed.
        (2, whole, "n:HU", "+1 -n1 unhealthy"),
        (2, whole, "n:HG", "+1"),
        // Scaling.
        (3, whole, "n:HH", "+1"),
        (1, whole, "n:HS", "+0 -n1 scaling"),
        (0, whole, "n:HH", "+0 -n0 scaling -n1 scaling"),
        (0, whole, "o:HH", "+0 -o0 replaced -o1 replaced"),
    ];
    for (desired, limits, tasks, expected) in table {
        assert_eq!(line(schedule(&facts(desired, limits, tasks), NEW)), expected, "{desired} {limits:?} {tasks}");
    }
}

#[test]
fn steady_means_all_of_the_wanted_revision_healthy_and_nothing_else() {
    let table = [
        (2, "n:HH", true),
        (2, "n:HS", false),
        (2, "n:HHG", false),
        (2, "o:G n:HH", false),
        (2, "n:HHH", false),
        (0, "", true),
        (0, "o:G", false),
    ];
    for (desired, tasks, expected) in table {
        assert_eq!(is_steady(&facts(desired, (100, 200), tasks), NEW), expected, "{desired} {tasks}");
    }
}
