//! The command `canary-dataset-check`.

fn main() -> std::process::ExitCode {
    github::main::<canary_dataset_check::CanaryDatasetCheck>()
}
