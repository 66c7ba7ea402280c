//! The storage traits: one suite of cases, run against the library's own backend in memory, which says what is expected, and
//! against Redis.

/// Makes two tests of each case.
macro_rules! conformance {
    ($($case:ident,)+) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(std::sync::Arc::new(wacore::store::InMemoryBackend::new())).await;
            })+
        }

        mod in_redis {
            $(#[tokio::test]
            async fn $case() {
                super::$case(std::sync::Arc::new($crate::support::owned().await.store())).await;
            })+
        }
    };
}

mod app_sync;
mod device;
mod erase;
mod fenced;
mod msg_secret;
mod protocol;
mod restart;
mod signal;
mod tc_token;
mod volatile;
mod writes;
