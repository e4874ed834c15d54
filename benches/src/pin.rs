//! Keeping a thread on one core, so that two that are to run side by side do not take turns on the same one.

/// Binds this thread to one of the cores that the process may use, where the system can do that. Elsewhere, or where
/// there is no such core, the thread stays free.
pub(crate) fn to_core(number: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

        let allowed = sched_getaffinity(None).unwrap();
        let core = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).nth(number);
        if let Some(core) = core {
            let mut set = CpuSet::new();
            set.set(core);
            sched_setaffinity(None, &set).unwrap();
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = number;
}
