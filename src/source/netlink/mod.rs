//! The kernel's `sock_diag`.
