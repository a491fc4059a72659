/* SPDX-License-Identifier: Apache-2.0 */
/* Starting another program, without a shell and without anything inherited by accident. */
#include "common/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/no_network.h"

#define NOBODY 65534

/* What the child tells us when it cannot become the program: errno, over a pipe that exec
 * closes. */
static void give_up(int report)
{
    int cause = errno;
    ssize_t ignored = write(report, &cause, sizeof cause);
    (void)ignored;
    _exit(127);
}

/* Moves the wanted descriptors to 0..3. They are first copied above the range, because a wanted one
 * may itself lie in it. Returns the copy of report that stays clear of them. */
static int place_descriptors(const aph_child_spec_t *spec, int report)
{
    int high[APH_CHILD_FDS_MAX];
    int clear = fcntl(report, F_DUPFD_CLOEXEC, 10);
    if (clear < 0)
        give_up(report);
    for (int i = 0; i < APH_CHILD_FDS_MAX; i++) {
        int from = spec->fds[i];
        if (from < 0 && i < 3)
            from = open("/dev/null", O_RDWR | O_CLOEXEC);
        high[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, 10);
        if (high[i] < 0 && (spec->fds[i] >= 0 || i < 3))
            give_up(clear);
    }
    for (int i = 0; i < APH_CHILD_FDS_MAX; i++)
        if (high[i] < 0)
            close(i);
        else if (dup2(high[i], i) < 0)
            give_up(clear);
    return clear;
}

/* Nothing but 0..3 passes exec. The report pipe is close-on-exec and must live until then. */
static void hide_the_rest(void)
{
    if (close_range(APH_CHILD_FDS_MAX, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (int fd = APH_CHILD_FDS_MAX; fd < 4096; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void reset_signals(void)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &normal, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A process that reaches nobody, and where we are root also nobody's. Who is not root has no other
 * uid to take. The filter comes last: it needs no_new_privs. */
static void drop_privileges(int report)
{
    if (geteuid() == 0
        && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0
            || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        give_up(report);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || aph_no_network() != 0)
        give_up(report);
}

static void become(const aph_child_spec_t *spec, int report, pid_t parent)
{
    static const char *const no_environment[] = {NULL};
    report = place_descriptors(spec, report);
    hide_the_rest();
    reset_signals();
    if (spec->own_session && setsid() < 0)
        give_up(report);
    if (chdir(spec->directory != NULL ? spec->directory : "/") != 0)
        give_up(report);
    if (spec->unprivileged)
        drop_privileges(report);
    /* After the change of uid, which would clear it. The parent may have died before the call. */
    if (spec->dies_with_parent
        && (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent))
        give_up(report);
    const char *const *envp = spec->envp != NULL ? spec->envp : no_environment;
    execve(spec->argv[0], (char *const *)spec->argv, (char *const *)envp);
    give_up(report);
}

apr_status_t aph_child_start(const aph_child_spec_t *spec, pid_t *pid, aph_error_t *err)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 90, "cannot start %s: %s",
                             spec->argv[0], strerror(errno));
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0)
        become(spec, report[1], parent);
    int fork_errno = errno;
    close(report[1]);
    int cause = 0;
    ssize_t got = 0;
    if (*pid > 0)
        do
            got = read(report[0], &cause, sizeof cause);
        while (got < 0 && errno == EINTR);
    close(report[0]);
    if (*pid < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(fork_errno), 91, "cannot start %s: %s",
                             spec->argv[0], strerror(fork_errno));
    if (got != (ssize_t)sizeof cause)
        return APR_SUCCESS;
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *pid = -1;
    return aph_error_set(err, APR_FROM_OS_ERROR(cause), 92, "cannot execute %s: %s", spec->argv[0],
                         strerror(cause));
}

apr_status_t aph_child_wait(pid_t pid, int *exit_code, aph_error_t *err)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return aph_error_set(err, APR_FROM_OS_ERROR(errno), 93,
                                 "cannot wait for process %d: %s", (int)pid, strerror(errno));
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return APR_SUCCESS;
}
