//! The WebAssembly engine: which proposals, how much memory, and how a file becomes a linked component.

use std::path::Path;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::host;
use crate::instance::Guest;
use crate::limits::Limits;

/// Core instances, memories and tables that the pool has per component instance. A spin-sdk component is its own module
/// and three or four small adapters that share its memory.
const CORE_INSTANCES_EACH: u32 = 8;
/// Fibers per instance: one runs guest code, others are requests that a synchronous call holds up.
const STACKS_EACH: u32 = 4;

/// An engine within `limits`.
pub(crate) fn engine(limits: &Limits) -> wasmtime::Result<Engine> {
    let instances = limits.instances;
    let many = instances.saturating_mul(CORE_INSTANCES_EACH);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(instances)
        .total_core_instances(many)
        .total_memories(instances)
        .total_tables(many)
        .total_stacks(instances.saturating_mul(STACKS_EACH))
        .max_memory_size(limits.instance_memory);
    let mut config = base_config();
    config.epoch_interruption(true).allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// What every engine that reads these components needs.
pub(crate) fn base_config() -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true).wasm_component_model_async(true);
    config
}

/// Everything that Spin offers and this runtime too.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    host::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Compiles the file at `path`.
pub(crate) fn compile(engine: &Engine, path: &Path) -> Result<Component, String> {
    Component::from_file(engine, path).map_err(|error| format!("{error:#}"))
}

/// Resolves the imports of `component`.
pub(crate) fn link(linker: &Linker<Guest>, component: &Component) -> Result<InstancePre<Guest>, String> {
    linker.instantiate_pre(component).map_err(|error| format!("{error:#}"))
}
