//! Host names that route to apps, and the texts nginx is given for them.

pub mod dns;
pub mod dns_provider;
pub mod vhost;
