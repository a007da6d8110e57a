//! The kit as a process: what the runner or a person gives in, what comes out.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a test that fails")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

/// A step's folder with the runner's files in it.
struct Step {
    folder: tempfile::TempDir,
}

impl Step {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, args: &[&str], inputs: &[(&str, &str)]) -> Command {
        let mut command = Command::new(probe());
        command.args(args).env_clear().env("GITHUB_ACTIONS", "true").env("RUNNER_TEMP", self.folder.path());
        for file in ["GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"] {
            command.env(file, self.folder.path().join(file));
        }
        for (name, value) in inputs {
            command.env(format!("INPUT_{name}"), value);
        }
        command
    }

    fn run(&self, args: &[&str], inputs: &[(&str, &str)]) -> (i32, String) {
        answer(&self.command(args, inputs).output().unwrap())
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// The outputs as the runner reads them: heredocs in order, the last one wins.
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = self.file("GITHUB_OUTPUT");
        let mut lines = text.split('\n');
        let mut outputs = BTreeMap::new();
        while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            outputs.insert(name.to_owned(), value.join("\n"));
        }
        outputs
    }
}

/// The example beside this test's own binary; cargo builds examples with the tests.
fn probe() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    deps.parent().unwrap().with_file_name("examples").join("probe")
}

fn answer(output: &Output) -> (i32, String) {
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

#[test]
fn inputs_come_from_the_runner_and_empty_is_unset() {
    let step = Step::new();
    let inputs = [("CLUSTER", " prod \n"), ("WAIT-MINUTES", ""), ("DRY-RUN", "True"), ("LABEL", "a=1\n\n b=2 \n")];
    let (code, log) = step.run(&["main"], &inputs);
    assert_eq!(code, 0, "{log}");
    assert_eq!(step.outputs()["seen"], r#"prod 10 true ["a=1", "b=2"]"#);
    assert_eq!(step.outputs()["verdict"], "pass");
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&step.outputs()["report-path"]).unwrap()).unwrap();
    assert_eq!((report["verdict"].as_str(), report["exit-code"].as_u64()), (Some("pass"), Some(0)));
    assert!(step.file("GITHUB_STEP_SUMMARY").starts_with("### ✅ probe\n\n> [!TIP]\n> all good\n\ntext"));
}

#[test]
fn inputs_come_from_the_command_line_which_wins_over_the_environment() {
    let step = Step::new();
    let (code, log) =
        step.run(&["--cluster", "prod", "--dry-run", "--label=x", "--label", "-y"], &[("CLUSTER", "env")]);
    assert_eq!(code, 0, "{log}");
    assert_eq!(step.outputs()["seen"], r#"prod 10 true ["x", "-y"]"#);
}

#[test]
fn every_wrong_input_is_named_at_once_and_nothing_runs() {
    for args in [&["main"][..], &["--wait-minutes=ten", "--mode", "pas", "--dry-run=yes"]] {
        let step = Step::new();
        let inputs = [("WAIT-MINUTES", "ten"), ("MODE", "pas"), ("DRY-RUN", "yes"), ("CLUSTR", "prod"), ("QQ", "")];
        let (code, log) = step.run(args, if args == ["main"] { &inputs } else { &[] });
        assert_eq!(code, 2, "{log}");
        let mut wanted = vec![
            "cluster: required, but not given: The cluster to look at",
            "wait-minutes: invalid digit found in string (saw `ten`)",
            "mode: must be one of pass, refuse, fail, panic, wait, spin, leak; did you mean `pass`? (saw `pas`)",
            "dry-run: must be one of true, false",
            "state: nothing was changed",
        ];
        if args == ["main"] {
            wanted.extend([
                "clustr: not an input of probe; did you mean `cluster`?",
                "qq: not an input of probe; it has",
            ]);
        }
        wanted.iter().for_each(|text| assert!(log.contains(text), "{text}\n{log}"));
        assert_eq!((step.outputs()["verdict"].as_str(), step.outputs()["seen"].as_str()), ("error", ""));
        assert!(step.file("GITHUB_STATE").is_empty());
    }
}

#[test]
fn a_stray_input_is_only_doubted_where_the_runner_hands_down_foreign_ones() {
    let step = Step::new();
    let output = step.command(&["main"], &[("CLUSTER", "c"), ("CLUSTR", "d")]).env("ACT", "true").output().unwrap();
    let (code, log) = answer(&output);
    assert_eq!(code, 0);
    assert!(log.contains("::warning title=probe::clustr: not an input of probe"), "{log}");
}

#[test]
fn an_unknown_flag_is_refused_with_a_suggestion_and_help_needs_no_inputs() {
    let step = Step::new();
    let (code, log) = step.run(&["--clustr", "c"], &[]);
    assert_eq!(code, 2);
    assert!(log.contains("'--cluster'"), "{log}");
    let (code, log) = step.run(&["--help"], &[]);
    assert_eq!(code, 0);
    assert!(log.contains("Does what its inputs say.") && log.contains("probe --cluster c --dry-run"), "{log}");
}

#[test]
fn the_exit_code_and_the_verdict_say_what_happened() {
    for (mode, code, verdict, text) in [
        ("refuse", 1, "no", "::error title=probe::the answer is no"),
        (
            "fail",
            3,
            "error",
            "::error title=probe::failed to look c/web: no answer%0A  state: as before%0A  help: retry",
        ),
        ("panic", 3, "error", "this is a bug of Lockkeeper"),
    ] {
        let step = Step::new();
        let (seen, log) = step.run(&["main"], &[("CLUSTER", "c"), ("MODE", mode)]);
        assert_eq!(seen, code, "{log}");
        assert_eq!(step.outputs()["verdict"], verdict);
        assert!(log.contains(text), "{log}");
        assert!(log.lines().all(|line| !line.starts_with("::set-output")), "{log}");
    }
}

#[test]
fn a_secret_is_in_no_output_and_outside_text_is_no_command() {
    let step = Step::new();
    let key = "-----BEGIN KEY-----\nc2VjcmV0LWxpbmU=\n-----END KEY-----";
    let (code, log) = step.run(&["main"], &[("CLUSTER", "c"), ("MODE", "leak"), ("SIGNING-KEY", key)]);
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("::add-mask::c2VjcmV0LWxpbmU="), "{log}");
    let printed: Vec<&str> = log.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let report = std::fs::read_to_string(&step.outputs()["report-path"]).unwrap();
    for text in [printed.join("\n"), report, step.file("GITHUB_OUTPUT"), step.file("GITHUB_STEP_SUMMARY")] {
        assert!(!text.contains("c2VjcmV0"), "{text}");
    }
    assert!(
        printed.iter().all(|line| !line.contains("##[") && !line.trim_start().starts_with("::set-output")),
        "{log}"
    );
}

#[test]
fn the_post_step_sees_what_main_saved() {
    let step = Step::new();
    step.run(&["main"], &[("CLUSTER", "prod\n##[x]"), ("MODE", "refuse")]);
    assert!(step.file("GITHUB_STATE").starts_with("cluster<<lockkeeper_"));
    let output = step.command(&["post"], &[("CLUSTER", "c")]).env("STATE_cluster", "prod").output().unwrap();
    assert_eq!(answer(&output), (0, "post saw Some(\"prod\")\n".to_owned()));
}

#[test]
fn json_goes_to_standard_output_alone() {
    let step = Step::new();
    let output = step.command(&["--cluster", "c", "--json"], &[]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["outputs"]["seen"], "c 10 false []");
    let output = step.command(&["--json"], &[]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["exit-code"].as_u64(), output.status.code()), (Some(2), Some(2)));
}

/// Sends a signal once the action works, and says how long it then lived.
fn interrupted(mode: &str) -> (Step, i32, Duration) {
    let step = Step::new();
    let mut child =
        step.command(&["main"], &[("CLUSTER", "c"), ("MODE", mode)]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("ing")));
    let at = Instant::now();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (step, code, at.elapsed())
}

#[test]
fn a_signal_lets_an_action_that_heeds_it_finish_and_ends_one_that_does_not() {
    for mode in ["wait", "spin"] {
        let (step, code, took) = interrupted(mode);
        assert_eq!(code, 130, "{mode}");
        assert!(took < Duration::from_secs(5), "{mode} took {took:?}");
        assert_eq!(step.outputs()["verdict"], "cancelled", "{mode}");
    }
}

#[test]
fn the_end_of_the_launcher_counts_as_a_signal() {
    let step = Step::new();
    let mut shell = Command::new("sh");
    // The shell stands for the launcher: it is killed, and its child must notice by itself.
    shell.args(["-c", "\"$PROBE\" main & wait"]).env_clear().env("PROBE", probe());
    let inputs = step.command(&[], &[("CLUSTER", "c"), ("MODE", "wait")]);
    shell.envs(inputs.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut launcher = shell.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(launcher.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("waiting")));
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    assert!(lines.any(|line| line.unwrap().ends_with("rolling back")));
    let all: Vec<String> = lines.map(Result::unwrap).collect();
    let errors: Vec<_> = all.iter().filter(|line| line.starts_with("::error")).collect();
    assert_eq!(errors.len(), 1, "{all:#?}");
    assert_eq!(step.outputs()["verdict"], "cancelled");
}
