//! How the process keeps its memory.

/// Keeps memory that was freed for the next batch, up to 32 MB of it.
///
/// By default glibc gives the top of the heap back to the kernel after each large batch, and the next batch pays a page
/// fault for each 4 KB of its payload. Lambda charges for the memory that a function is given, whatever it uses.
/// Call this before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_freed() {
    /// The most that glibc takes for the threshold above which a block is mapped on its own.
    const KEPT: libc::c_int = 32 * 1024 * 1024;
    #[expect(unsafe_code, reason = "the standard library has no way to do this")]
    // SAFETY: mallopt takes two integers and keeps no pointer. It changes the allocator's settings under the
    // allocator's own lock, and refuses what it does not know by returning 0, which leaves the defaults in place.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_freed() {}
