//! What a host can be asked besides sending, against the simulated network. Each change is looked at from the other end: from
//! another session, from a phone, or from what the network says of it.

mod crash;
mod groups;
mod people;
mod reading;
mod stage;
