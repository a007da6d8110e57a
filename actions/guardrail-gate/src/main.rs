//! `guardrail-gate` as its own binary.

fn main() -> std::process::ExitCode {
    github::main::<guardrail_gate::GuardrailGate>()
}
