//! The interfaces of Spin that a component may import besides WASI: `spin:redis@3.0.0` and `spin:variables@3.0.0`.

use wasmtime::component::{HasData, Linker};

use crate::instance::Guest;

#[expect(unreachable_pub, reason = "the generated bindings re-export a type of it")]
pub mod redis;
mod variables;

mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "edge:host/imports",
        with: { "spin:redis/redis.connection": super::redis::Connection },
    });
}

/// Marker through which the generated code reaches the state of a guest.
struct SpinHost;

impl HasData for SpinHost {
    type Data<'a> = &'a mut Guest;
}

/// Offers both interfaces.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    bindings::spin::redis::redis::add_to_linker::<_, SpinHost>(linker, |guest| guest)?;
    bindings::spin::variables::variables::add_to_linker::<_, SpinHost>(linker, |guest| guest)
}
