/* SPDX-License-Identifier: Apache-2.0 */
/* The signal, what must hold before it, and the proof after it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <apr_strings.h>

#include "helper/httpd/change.h"
#include "helper/httpd/check.h"
#include "helper/httpd/probe.h"

#define STEP_MS     20
#define CHECKS_MAX  5
#define SIGNALS_MAX 2 /* httpd drops a signal that comes while it is reading its configuration */

/* --- who runs --------------------------------------------------------------------------------- */

/* Nothing answers. It may run all the same, on an address we do not know. */
static apr_status_t look_at_pid_file(aphd_change_t *change, aph_error_t *err)
{
    int pid = aphd_probe_pid_file(change->facts->pid_file);
    change->running = 0;
    if (pid == 0)
        return APR_SUCCESS;
    return aph_error_set(err, APH_ECONFIG, 2095,
                         "httpd runs (process %d, says %s), but nothing listens on %s:%d: correct "
                         "Address and PublicPort in %s",
                         pid, change->facts->pid_file, change->httpd->settings->httpd_address,
                         change->httpd->settings->public_port, change->httpd->settings->path);
}

/* A pid is only a number until its process is held; so it is asked again after that. */
static apr_status_t hold_parent(aphd_change_t *change, aph_error_t *err)
{
    int parent = change->before.parent;
    int filed = aphd_probe_pid_file(change->facts->pid_file);
    if (filed != parent)
        return aph_error_set(err, APH_ECONFIG, 2096,
                             "the httpd that answers on %s:%d is process %d, but %s names %d: is "
                             "another httpd running? Correct Address, PublicPort or Command in %s",
                             change->httpd->settings->httpd_address,
                             change->httpd->settings->public_port, parent, change->facts->pid_file,
                             filed, change->httpd->settings->path);
    if (change->parent_fd >= 0)
        close(change->parent_fd);
    change->parent_fd = (int)syscall(SYS_pidfd_open, parent, 0);
    if (change->parent_fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2097,
                             "httpd's process %d cannot be signalled: %s", parent, strerror(errno));
    apr_status_t rv = aphd_httpd_probe(&change->before, change->httpd, err);
    if (rv == APR_SUCCESS && change->before.parent != parent)
        return aph_error_set(err, APH_EBUSY, 2098,
                             "httpd was started anew this very moment: try again");
    return rv;
}

apr_status_t aphd_change_look(aphd_change_t *change, aph_error_t *err)
{
    aph_error_t why = APH_ERROR_INIT;
    apr_status_t rv = aphd_httpd_probe(&change->before, change->httpd, &why);
    if (rv == APH_ENOTFOUND)
        return look_at_pid_file(change, err);
    if (rv != APR_SUCCESS) {
        if (err != NULL && err->status == APR_SUCCESS)
            *err = why;
        return rv;
    }
    change->running = 1;
    return hold_parent(change, err);
}

apr_status_t aphd_change_room(aphd_change_t *change, aph_error_t *err)
{
    int64_t until = aphd_probe_now() + change->httpd->room_ms;
    const aphd_probe_t *now = &change->before;
    while (!aphd_probe_has_room(now) && aphd_probe_now() < until) {
        poll(NULL, 0, STEP_MS * 5);
        apr_status_t rv = aphd_httpd_probe(&change->before, change->httpd, err);
        if (rv != APR_SUCCESS)
            return rv;
    }
    if (aphd_probe_has_room(now))
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_EBUSY, 2099,
        "httpd has no room for a reload: %d of its %d process slots are in use, %d "
        "of them by older processes that wait for long connections to end, and a "
        "reload needs %d. Nothing was changed. Try again later, end long "
        "connections, or raise ServerLimit (and MaxRequestWorkers) and restart "
        "httpd",
        now->slots_used, now->slots_total, now->slots_quiescing,
        now->start_servers > 2 ? now->start_servers : 2);
}

/* --- the last check --------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *octets, size_t length)
{
    for (const unsigned char *at = octets; length > 0; length--)
        hash = (hash ^ *at++) * 1099511628211u;
    return hash;
}

static uint64_t mix_file(uint64_t hash, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return mix(hash, "gone", 4);
    hash = mix(hash, &about.st_ino, sizeof about.st_ino);
    hash = mix(hash, &about.st_size, sizeof about.st_size);
    hash = mix(hash, &about.st_mtim, sizeof about.st_mtim);
    return mix(hash, &about.st_ctim, sizeof about.st_ctim);
}

/* Of every file httpd read and its folder: a new file is a new time of the folder. */
static uint64_t fingerprint(const apr_array_header_t *files, apr_pool_t *p)
{
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < files->nelts; i++) {
        const char *path = APR_ARRAY_IDX(files, i, const char *);
        const char *slash = strrchr(path, '/');
        hash = mix_file(mix(hash, path, strlen(path)), path);
        if (slash != NULL && slash != path)
            hash = mix_file(hash, apr_pstrmemdup(p, path, (apr_size_t)(slash - path)));
    }
    return hash;
}

apr_status_t aphd_change_last_check(aphd_change_t *change, aph_error_t *err)
{
    apr_array_header_t *files = change->facts->includes;
    apr_pool_t *p = change->httpd->p;
    for (int check = 0; check < CHECKS_MAX; check++) {
        change->began = aphd_probe_now();
        uint64_t before = fingerprint(files, p);
        apr_status_t rv = aphd_check_enabled(change->httpd, change->wanted, &files, err);
        if (rv != APR_SUCCESS || fingerprint(files, p) == before)
            return rv;
    }
    return aph_error_set(err, APH_EBUSY, 2100,
                         "httpd's configuration is being changed this very moment: try again when "
                         "that is done");
}

/* --- the proof -------------------------------------------------------------------------------- */

static int parent_died(const aphd_change_t *change)
{
    struct pollfd polled = {.fd = change->parent_fd, .events = POLLIN};
    return change->parent_fd >= 0 && poll(&polled, 1, 0) > 0;
}

aphd_proof_t aphd_change_prove(aphd_change_t *change, int set, int64_t above)
{
    const char *name = set > 0 ? apr_itoa(change->httpd->p, set) : "";
    int64_t until = aphd_probe_now() + change->httpd->proof_ms;
    while (aphd_probe_now() < until) {
        aphd_probe_t now;
        if (parent_died(change))
            return APHD_DIED;
        if (aphd_httpd_probe(&now, change->httpd, NULL) == APR_SUCCESS &&
            now.generation > above && strcmp(now.set, name) == 0 &&
            (change->parent_fd < 0 || now.parent == change->before.parent) &&
            !parent_died(change)) {
            change->result->generation = now.generation;
            return APHD_PROVEN;
        }
        poll(NULL, 0, STEP_MS);
    }
    return APHD_SILENT;
}

static int64_t length_of(const char *path)
{
    struct stat about;
    return path != NULL && stat(path, &about) == 0 ? (int64_t)about.st_size : -1;
}

aphd_proof_t aphd_change_reload(aphd_change_t *change)
{
    aphd_proof_t proof = APHD_SILENT;
    int patience = change->httpd->proof_ms;
    change->log_length = length_of(change->facts->error_log);
    change->httpd->proof_ms = patience / SIGNALS_MAX;
    for (int sent = 0; proof == APHD_SILENT && sent < SIGNALS_MAX; sent++) {
        if (syscall(SYS_pidfd_send_signal, change->parent_fd, SIGUSR1, NULL, 0) != 0) {
            proof = APHD_DIED;
            break;
        }
        proof = aphd_change_prove(change, change->target, change->before.generation);
    }
    change->httpd->proof_ms = patience;
    return proof;
}
