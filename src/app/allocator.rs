//! Settings of the C library's allocator: memory that the dashboard has released returns to the system.
//!
//! Nearly all memory is in a few large allocations: the sockets of an instant, the state of each of them, frames of the
//! history. Rewinding needs a second set of them for as long as it lasts. Without these settings, glibc kept it: the
//! resident size of a long run grew with every rewind although the memory in use did not.

/// Number of memory arenas. By default there are eight per processor, and memory that a thread has released stays in its
/// arena. Threads allocate rarely, in large pieces.
#[cfg(target_env = "gnu")]
const ARENAS: i32 = 1;

/// Size from which an allocation has pages of its own, which return to the system when it is released, bytes. By default
/// this grows up to 32 MiB with the sizes that are released, and holes remain between what is still in use.
#[cfg(target_env = "gnu")]
const OWN_PAGES: i32 = 128 << 10;

/// Applies the settings, for the whole process. To be called before any other thread exists.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "there is no safe interface")]
pub fn configure() {
    use nix::libc;
    for (parameter, value) in [
        (libc::M_ARENA_MAX, ARENAS),
        (libc::M_MMAP_THRESHOLD, OWN_PAGES),
    ] {
        // SAFETY: it only sets a parameter of the allocator. If it fails, the default remains.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// Returns the pages between small allocations to the system, after a large part of the memory was released. Takes a few
/// milliseconds, during which other threads wait if they allocate.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code, reason = "there is no safe interface")]
pub(super) fn return_free_pages() {
    use nix::libc;
    // SAFETY: it may be called at any time from any thread, and only concerns pages without an allocation.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries return released memory by themselves.
#[cfg(not(target_env = "gnu"))]
pub fn configure() {}

#[cfg(not(target_env = "gnu"))]
pub(super) fn return_free_pages() {}
