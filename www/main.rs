//! The page: a client-side application around the engine worker. It computes nothing itself.

mod app;
mod chart;
mod colour_map;
mod comparison;
mod components;
mod difference;
mod engine;
mod experiment;
mod history;
mod kernel;
mod lecture;
mod library;
mod mask;
mod model_source;
mod noise;
mod picture;
mod prompts;
mod queue;
mod results;
mod running;
mod samples;
mod state;
mod stroke;
mod task;
mod text;
mod zoom;

fn main() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
