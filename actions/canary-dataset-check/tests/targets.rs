//! Targets that are no service: the output of a batch job, and a program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod world;

use world::{Ran, World};

/// The command without a `base-url`.
fn run(world: &World, args: &[&str]) -> Ran {
    run_with(world, args, &[])
}

fn run_with(world: &World, args: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = world.command("unused", args);
    let args: Vec<_> =
        command.get_args().map(|arg| arg.to_owned()).filter(|arg| arg != "--base-url" && arg != "unused").collect();
    let mut without = std::process::Command::new(command.get_program());
    without.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    without.envs(env.iter().copied()).env("PATH", "/usr/bin:/bin").current_dir(world.folder.path()).args(args);
    command = without;
    world.ran(command.output().unwrap())
}

fn cases(count: u64) -> String {
    (0..count).map(|n| format!("{{\"id\":\"{n}\",\"expect\":{{\"values\":{{\"$.score\":{n}.5}}}}}}\n")).collect()
}

fn batch(ids: impl Iterator<Item = u64>) -> String {
    ids.map(|n| format!("{{\"id\":{n},\"score\":{n}.50}}\n")).collect()
}

#[test]
fn a_batch_is_joined_to_its_expectations_by_id() {
    let world = World::new("version: 1\ntarget: {answers: out.jsonl}\ncases: {from: cases.jsonl}\n", &cases(50));
    world.write("out.jsonl", &batch(0..60));
    let ran = run(&world, &[]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    world.write("out.jsonl", &batch((0..50).rev()));
    assert_eq!(run(&world, &[]).code, 0, "in whatever order");
    world.write("out.jsonl", &batch((0..50).filter(|n| *n != 7)));
    let ran = run(&world, &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.log.contains("1 of 50 cases failed") && ran.log.contains("is missing in the batch"), "{}", ran.log);
    std::fs::remove_file(world.path("out.jsonl")).unwrap();
    assert_eq!(run(&world, &[]).code, 3);
    let ran = world.run("http://127.0.0.1:1", &[]);
    assert!(ran.code == 2 && ran.log.contains("is not asked"), "{}", ran.log);
}

#[test]
fn a_program_is_asked_on_its_standard_input() {
    let script = "import json,sys; n = json.load(sys.stdin)['n']; n == 3 and sys.exit('cannot'); print(json.dumps({'twice': 2 * n}))";
    let canary = |timeout: &str| {
        format!(
            "version: 1\ntarget: {{timeout: {timeout}, command: [python3, -c, \"{script}\"]}}\ncases: {{from: cases.jsonl}}\n"
        )
    };
    let case = |n: u64, twice: u64| {
        format!(
            "{{\"id\":\"{n}\",\"request\":{{\"body\":{{\"n\":{n}}}}},\"expect\":{{\"values\":{{\"$.twice\":{twice}}}}}}}\n"
        )
    };
    let ran = run(&World::new(&canary("20s"), &(case(1, 2) + &case(2, 4))), &[]);
    assert_eq!(ran.code, 0, "{}", ran.log);
    let ran = run(&World::new(&canary("20s"), &(case(1, 3) + &case(3, 6))), &[]);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(
        ran.log.contains("expected 3, seen 2") && ran.log.contains("the program ended with exit status: 1: cannot"),
        "{}",
        ran.log
    );
    let hidden = canary("20s") + "redact: [$.customer]\n";
    let ran = run(&World::new(&hidden, &case(3, 6)), &[]);
    assert!(ran.log.contains("exit status: 1: [redacted]") && !ran.log.contains("1: cannot"), "{}", ran.log);
    let ran = run(&World::new(&canary("1ms"), &case(1, 2)), &[]);
    assert!(ran.code == 1 && ran.log.contains("not yet"), "{}", ran.log);
    let missing = "version: 1\ntarget: {command: [./nowhere]}\ncases: {from: cases.jsonl}\n";
    assert_eq!(run(&World::new(missing, &case(1, 2)), &[]).code, 3);
    let probed = "version: 1\ntarget: {command: [x]}\nprobes: [{get: /a}]\ncases: {from: cases.jsonl}\n";
    assert_eq!(run(&World::new(probed, &case(1, 2)), &[]).code, 2);
}

#[test]
fn a_program_gets_none_of_the_steps_inputs() {
    let script = "import json,os,sys; print(json.dumps({'own': [n for n in os.environ if n.startswith('INPUT_')], 'path': 'PATH' in os.environ}))";
    let canary = format!(
        "version: 1\ntarget: {{timeout: 20s, command: [python3, -c, \"{script}\"]}}\ncases: {{from: cases.jsonl}}\n"
    );
    let case = "{\"id\":\"1\",\"request\":{\"body\":{}},\"expect\":{\"values\":{\"$.own\":[],\"$.path\":true}}}\n";
    let ran = run_with(&World::new(&canary, case), &[], &[("INPUT_REGISTRY-PASSWORD", "hunter2")]);
    assert_eq!(ran.code, 0, "{}", ran.log);
}
