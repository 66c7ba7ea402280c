//! The numbers that bound this runtime: instances, memory, time, requests. Each has a named default with its reason;
//! nothing else in the crate decides a size.

use std::time::Duration;

/// Requests one instance answers in its life: Spin's `--max-instance-reuse-count`.
pub const INSTANCE_REUSE: usize = 128;
/// Requests one instance works on at a time: Spin's `--max-instance-concurrent-reuse-count`.
pub const INSTANCE_CONCURRENCY: usize = 16;
/// How long an instance without work is kept: Spin's `--idle-instance-timeout`.
pub const INSTANCE_IDLE: Duration = Duration::from_secs(1);
/// Linear memory of one instance. Spin allows 4 GiB; here guests share the process with a host that must survive them.
pub const INSTANCE_MEMORY: usize = 256 << 20;
/// Instances alive at once: Spin's pool has room for as many.
pub const INSTANCES: u32 = 1000;
/// Requests between their head and the end of their response body.
///
/// Equal to [`INSTANCES`], so that even requests that each need an instance of their own find one.
pub const IN_FLIGHT: usize = 1000;
/// How much of a request's body is waited for before the request takes a place: nothing, as with Spin, so that guests may
/// answer while they still read. Longer bodies are streamed from there on.
pub const REQUEST_BUFFER: usize = 0;
/// How long that part of a body may take to arrive: far longer than any client needs for what fits into a buffer.
pub const REQUEST_PATIENCE: Duration = Duration::from_secs(10);
/// How long a guest may compute without giving control back.
///
/// Spin has no such limit; in one process with everything else an endless loop must end. A second is an eternity for an
/// HTTP handler, ten leave room for a loaded machine.
pub const GUEST_CPU: Duration = Duration::from_secs(10);
/// Redis connections one instance holds open: the size of Spin's table.
pub const REDIS_CONNECTIONS: usize = 1024;

/// Limits of an [`EdgeRuntime`](crate::EdgeRuntime); `Limits::default()` behaves like Spin without flags.
#[derive(Clone, Debug)]
pub struct Limits {
    /// See [`INSTANCE_REUSE`].
    pub instance_reuse: usize,
    /// See [`INSTANCE_CONCURRENCY`].
    pub instance_concurrency: usize,
    /// See [`INSTANCE_IDLE`].
    pub instance_idle: Duration,
    /// See [`INSTANCE_MEMORY`].
    pub instance_memory: usize,
    /// See [`INSTANCES`].
    pub instances: u32,
    /// See [`IN_FLIGHT`].
    pub in_flight: usize,
    /// See [`REQUEST_BUFFER`].
    pub request_buffer: usize,
    /// See [`REQUEST_PATIENCE`].
    pub request_patience: Duration,
    /// See [`GUEST_CPU`].
    pub guest_cpu: Duration,
    /// See [`REDIS_CONNECTIONS`].
    pub redis_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            instance_reuse: INSTANCE_REUSE,
            instance_concurrency: INSTANCE_CONCURRENCY,
            instance_idle: INSTANCE_IDLE,
            instance_memory: INSTANCE_MEMORY,
            instances: INSTANCES,
            in_flight: IN_FLIGHT,
            request_buffer: REQUEST_BUFFER,
            request_patience: REQUEST_PATIENCE,
            guest_cpu: GUEST_CPU,
            redis_connections: REDIS_CONNECTIONS,
        }
    }
}
