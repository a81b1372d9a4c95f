//! The native program.

fn main() -> std::process::ExitCode {
    latino_web::cli::main()
}
