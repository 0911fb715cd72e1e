/*
 * demo: made by Cordon 0.1.0 from what the program was seen doing.
 * Link with -lseccomp. Returns 0, or a negative errno.
 */
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

static const struct {
    uint32_t action;
    const char *name;
    unsigned count;
    struct scmp_arg_cmp args[6];
} rules[] = {
    /* observed */
    {SCMP_ACT_ALLOW, "accept4", 0, {{0}}},
    {SCMP_ACT_ALLOW, "clone3", 0, {{0}}},
    {SCMP_ACT_ALLOW, "exit_group", 0, {{0}}},
    {SCMP_ACT_ALLOW, "mmap", 0, {{0}}},
    {SCMP_ACT_ALLOW, "newfstatat", 0, {{0}}},
    {SCMP_ACT_ALLOW, "openat", 0, {{0}}},
    {SCMP_ACT_ALLOW, "read", 0, {{0}}},
    {SCMP_ACT_ALLOW, "setsockopt", 0, {{0}}},
    {SCMP_ACT_ALLOW, "write", 0, {{0}}},
    /* observed */
    {SCMP_ACT_ALLOW, "socket", 1, {{0, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x2}, }},
    /* observed */
    {SCMP_ACT_ALLOW, "prctl", 1, {{0, SCMP_CMP_MASKED_EQ, 0xffffffff, 0xf}, }},
    /* observed */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x5421}, }},
    /* observed */
    {SCMP_ACT_ALLOW, "mprotect", 1, {{2, SCMP_CMP_MASKED_EQ, 0x4, 0x0}, }},
    /* values: ioctl command values that are always allowed: isatty(3) and the buffering of standard streams depend on what the caller connects */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x5401}, }},
    /* values: ioctl command values that are always allowed: isatty(3) and the buffering of standard streams depend on what the caller connects */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x540f}, }},
    /* values: ioctl command values that are always allowed: isatty(3) and the buffering of standard streams depend on what the caller connects */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x5413}, }},
    /* values: ioctl command values that are always allowed: isatty(3) and the buffering of standard streams depend on what the caller connects */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x541b}, }},
    /* values: ioctl command values that are always allowed: isatty(3) and the buffering of standard streams depend on what the caller connects */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x5450}, }},
    /* values: ioctl command values that are always allowed: isatty(3) and the buffering of standard streams depend on what the caller connects */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x5451}, }},
    /* values: ioctl command values that are always allowed: isatty(3) and the buffering of standard streams depend on what the caller connects */
    {SCMP_ACT_ALLOW, "ioctl", 1, {{1, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x802c542a}, }},
    /* values: prctl option values that are always allowed: libraries name threads and mappings; harmless, and depends on versions */
    {SCMP_ACT_ALLOW, "prctl", 1, {{0, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x3}, }},
    /* values: prctl option values that are always allowed: libraries name threads and mappings; harmless, and depends on versions */
    {SCMP_ACT_ALLOW, "prctl", 1, {{0, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x10}, }},
    /* values: prctl option values that are always allowed: libraries name threads and mappings; harmless, and depends on versions */
    {SCMP_ACT_ALLOW, "prctl", 1, {{0, SCMP_CMP_MASKED_EQ, 0xffffffff, 0x53564d41}, }},
    /* timing: seen accept4; a socket that is not ready is waited for; one that was ready at every try never shows it */
    {SCMP_ACT_ALLOW, "poll", 0, {{0}}},
    /* timing: seen clone3; threads that meet at a lock wait, and yield; those that never met do not show it */
    {SCMP_ACT_ALLOW, "futex", 0, {{0}}},
    {SCMP_ACT_ALLOW, "sched_yield", 0, {{0}}},
    /* twins: granted poll; new ABIs have no poll */
    {SCMP_ACT_ALLOW, "ppoll", 0, {{0}}},
    /* twins: seen accept4; glibc chooses by flags; i386 has only accept4 */
    {SCMP_ACT_ALLOW, "accept", 0, {{0}}},
    /* twins: seen clone3; glibc forks by clone, and starts threads by clone before 2.34; never with namespaces */
    {SCMP_ACT_ALLOW, "clone", 1, {{0, SCMP_CMP_MASKED_EQ, 0x7e020000, 0x0}, }},
    /* twins: seen newfstatat; as stat */
    {SCMP_ACT_ALLOW, "lstat", 0, {{0}}},
    {SCMP_ACT_ALLOW, "statx", 0, {{0}}},
    /* twins: seen newfstatat; glibc 2.33 moved stat to newfstatat; 32-bit and new ABIs use statx */
    {SCMP_ACT_ALLOW, "stat", 0, {{0}}},
    /* twins: seen newfstatat; glibc 2.33-2.38 implement fstat by newfstatat, 2.39 by fstat again */
    {SCMP_ACT_ALLOW, "fstat", 0, {{0}}},
    /* twins: seen openat; creat(2) is open with three flags */
    {SCMP_ACT_ALLOW, "creat", 0, {{0}}},
    /* twins: seen openat; glibc uses openat since 2.26, musl open */
    {SCMP_ACT_ALLOW, "open", 0, {{0}}},
    /* pack kernel: a signal handler returns through it; a run without signals never shows it */
    {SCMP_ACT_ALLOW, "rt_sigreturn", 0, {{0}}},
    /* pack kernel: a thread or process that cannot end spins instead */
    {SCMP_ACT_ALLOW, "exit", 0, {{0}}},
    /* pack kernel: the kernel restarts interrupted sleeps through it after a stop and a continue */
    {SCMP_ACT_ALLOW, "restart_syscall", 0, {{0}}},
    /* pack try: the launcher starts the program with it, after the filter is in place */
    {SCMP_ACT_ALLOW, "execve", 0, {{0}}},
    /* pack vdso: sched_getcpu(3) makes it where the vDSO has no answer */
    {SCMP_ACT_ALLOW, "getcpu", 0, {{0}}},
    /* pack vdso: with a clock source that user space cannot read (hpet, acpi_pm, some hypervisors) the vDSO makes these calls */
    {SCMP_ACT_ALLOW, "clock_getres", 0, {{0}}},
    {SCMP_ACT_ALLOW, "clock_gettime", 0, {{0}}},
    {SCMP_ACT_ALLOW, "gettimeofday", 0, {{0}}},
    {SCMP_ACT_ALLOW, "time", 0, {{0}}},
    /* denied: Go 1.23, glib and systemd fall back to plain pids */
    {SCMP_ACT_ERRNO(38), "pidfd_getfd", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "pidfd_open", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "pidfd_send_signal", 0, {{0}}},
    /* denied: Wine and games fall back to eventfds */
    {SCMP_ACT_ERRNO(38), "futex_waitv", 0, {{0}}},
    /* denied: callers fall back to a file in a temporary directory */
    {SCMP_ACT_ERRNO(38), "memfd_create", 0, {{0}}},
    /* denied: callers fall back to openat with their own checks */
    {SCMP_ACT_ERRNO(38), "openat2", 0, {{0}}},
    /* denied: callers fall back to sched_getscheduler */
    {SCMP_ACT_ERRNO(38), "sched_getattr", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "sched_setattr", 0, {{0}}},
    /* denied: callers fall back to signal handlers */
    {SCMP_ACT_ERRNO(38), "userfaultfd", 0, {{0}}},
    /* denied: coreutils, Go and glibc fall back to read and write */
    {SCMP_ACT_ERRNO(38), "copy_file_range", 0, {{0}}},
    /* denied: glibc 2.28 falls back to renameat where no flag is set */
    {SCMP_ACT_ERRNO(38), "renameat2", 0, {{0}}},
    /* denied: glibc 2.33 and runc emulate it by faccessat and fstatat */
    {SCMP_ACT_ERRNO(38), "faccessat2", 0, {{0}}},
    /* denied: glibc 2.35 registers it at start-up and goes on without */
    {SCMP_ACT_ERRNO(38), "rseq", 0, {{0}}},
    /* denied: glibc closefrom(3), CPython and runc fall back to /proc/self/fd */
    {SCMP_ACT_ERRNO(38), "close_range", 0, {{0}}},
    /* denied: glibc falls back to preadv and pwritev where no flag is set */
    {SCMP_ACT_ERRNO(38), "preadv2", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "pwritev2", 0, {{0}}},
    /* denied: libevent and systemd fall back to epoll_wait */
    {SCMP_ACT_ERRNO(38), "epoll_pwait2", 0, {{0}}},
    /* denied: libraries fall back to /dev/urandom */
    {SCMP_ACT_ERRNO(38), "getrandom", 0, {{0}}},
    /* denied: libuv and databases fall back to thread pools or epoll */
    {SCMP_ACT_ERRNO(38), "io_uring_enter", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "io_uring_register", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "io_uring_setup", 0, {{0}}},
    /* denied: memory daemons go on without */
    {SCMP_ACT_ERRNO(38), "process_madvise", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "process_mrelease", 0, {{0}}},
    /* denied: mount(8) of util-linux 2.39 falls back to mount(2) */
    {SCMP_ACT_ERRNO(38), "fsconfig", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "fsmount", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "fsopen", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "fspick", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "mount_setattr", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "move_mount", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "open_tree", 0, {{0}}},
    /* denied: runtimes fall back to fences and mprotect tricks */
    {SCMP_ACT_ERRNO(38), "membarrier", 0, {{0}}},
    /* denied: sandboxes go on without, as on kernels before 5.13 */
    {SCMP_ACT_ERRNO(38), "landlock_add_rule", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "landlock_create_ruleset", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "landlock_restrict_self", 0, {{0}}},
    /* denied: users go on without keys */
    {SCMP_ACT_ERRNO(38), "pkey_alloc", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "pkey_free", 0, {{0}}},
    {SCMP_ACT_ERRNO(38), "pkey_mprotect", 0, {{0}}},
};

int demo_load_filter(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(1));
    int rc = ctx ? 0 : -ENOMEM;

    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree */
    for (size_t i = 0; rc == 0 && i < sizeof rules / sizeof rules[0]; i++) {
        int number = seccomp_syscall_resolve_name(rules[i].name);

        if (number != __NR_SCMP_ERROR)
            rc = seccomp_rule_add_array(ctx, rules[i].action, number, rules[i].count, rules[i].args);
    }
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc;
}
