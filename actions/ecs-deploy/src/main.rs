//! The `ecs-deploy` command.

fn main() -> std::process::ExitCode {
    github::main::<ecs_deploy::EcsDeploy>()
}
