//! The page: a client-side application around the engine worker. It computes nothing itself.

mod app;
mod components;
mod engine;
mod mask;
mod picture;
mod samples;
mod state;
mod task;
mod text;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
