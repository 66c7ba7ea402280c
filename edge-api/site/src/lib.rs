//! The pages of Chatery Edge as a function of a request: files that are part of the component, nothing else.
//!
//! They are the dashboard, the page that tests a connection, and the documentation of the API: Swagger UI at `/`, and the `OpenAPI`
//! document that it shows. It knows no key and no data; whoever reads it learns nothing that is not in the repository. It refuses everything that is no read of a file.

mod files;
mod serve;

pub use serve::answer;

#[cfg(target_family = "wasm")]
mod component;
