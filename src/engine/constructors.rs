//! Static constructors in a wasm program.
//!
//! cubecl registers parts of its compiler in static constructors (the crate `inventory`). Natively the
//! loader runs them. In wasm the program has to call them; if no code does, the linker takes the module
//! for a command and makes *every* export run them all first, those through which JavaScript hands over
//! objects, too. That took most of the time of a GPU operation (7 ms of each launch, measured).

/// Runs the static constructors, the first time that it is called. A program's first action.
pub fn run() {
    #[cfg(target_arch = "wasm32")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            // The linker makes this function; it takes nothing, returns nothing, and is called once.
            #[allow(unsafe_code)]
            unsafe {
                __wasm_call_ctors();
            }
        });
    }
}

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code)]
unsafe extern "C" {
    fn __wasm_call_ctors();
}
