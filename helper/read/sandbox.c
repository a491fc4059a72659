/* SPDX-License-Identifier: Apache-2.0 */
/* First the limits, then no_new_privs, last the filter: it forbids the calls the others need. */
#include "helper/read/sandbox.h"

#include "config.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct {
    int resource;
    rlim_t most;
} limits[] = {
#ifndef APH_SANITIZED
    {RLIMIT_AS, 64u << 20}, /* what it is needed for: docs/trust.md; a sanitizer's shadow is larger
                             */
#endif
    {RLIMIT_CPU, 2},        {RLIMIT_FSIZE, 0}, {RLIMIT_NPROC, 0},
    {RLIMIT_NOFILE, 0},     {RLIMIT_CORE, 0},
};

/* Whatever a parser needs once it holds its input: two descriptors and memory. */
static const int calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(futex),
    SCMP_SYS(restart_syscall),
#ifdef APH_SANITIZED
    /* What the sanitizers' allocator and their reports use. */
    SCMP_SYS(sched_yield),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(mprotect),
    SCMP_SYS(prctl),
#endif
};

static apr_status_t set_limits(aph_error_t *err)
{
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rlimit limit = {limits[i].most, limits[i].most};
        if (setrlimit(limits[i].resource, &limit) != 0)
            return aph_error_set(err, APR_FROM_OS_ERROR(errno), 510, "cannot set limit %d: %s",
                                 limits[i].resource, strerror(errno));
    }
    return APR_SUCCESS;
}

static int add_rules(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        int rv = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
        if (rv != 0)
            return rv;
    }
    /* Memory, never a file, and never memory that can be executed. */
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                            SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
}

static apr_status_t load_filter(aph_error_t *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return aph_error_set(err, APR_ENOMEM, 511, "no memory for the seccomp filter");
    int rv = add_rules(filter);
    if (rv == 0)
        rv = seccomp_load(filter);
    seccomp_release(filter);
    if (rv != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(-rv), 512, "cannot load the seccomp filter: %s",
                             strerror(-rv));
    return APR_SUCCESS;
}

apr_status_t aphd_sandbox_enter(aph_error_t *err)
{
    /* The parent runs this program by a descriptor, and a wrapper may have left more. */
    for (int fd = 3; fd < 256; fd++)
        close(fd);
    apr_status_t rv = set_limits(err);
    if (rv != APR_SUCCESS)
        return rv;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 513, "cannot give up privileges: %s",
                             strerror(errno));
    return load_filter(err);
}
