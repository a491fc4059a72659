/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/base/wall.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/child.h"

#define SAID_MAX   (64u * 1024 * 1024) /* of what iptables-save prints */
#define LOCK_WAIT  "10"                /* seconds, for another program that changes the firewall */
#define TRIES      3                   /* it may have changed between looking and writing */

void aphd_wall_clear(aphd_wall_t *wall)
{
    aphd_wall_rules_clear(&wall->rules);
}

/* --- what apps run --------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The ids that have a folder, in order: the rules must not depend on how a folder is read. */
static int ids_in(const char *directory, int *ids, int room)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    int count = 0;
    while (dir != NULL && count < room && (entry = readdir(dir)) != NULL) {
        char *end;
        long id = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0' && id >= APH_APP_ID_MIN && id <= APH_APP_ID_MAX)
            ids[count++] = (int)id;
    }
    if (dir != NULL)
        closedir(dir);
    qsort(ids, (size_t)count, sizeof *ids, by_number);
    return count;
}

static json_t *app_of(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    FILE *stream = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    json_auto_t *model = json_loadf(stream, 0, NULL);
    fclose(stream);
    return aphd_wall_app(model);
}

apr_status_t aphd_wall_want(aphd_wall_t *wall, apr_pool_t *p, aph_error_t *err)
{
    int *ids = calloc(APH_APP_ID_MAX, sizeof *ids);
    int count = ids != NULL ? ids_in(wall->settings->apps_dir, ids, APH_APP_ID_MAX) : 0;
    json_auto_t *apps = ids != NULL ? json_array() : NULL;
    for (int i = 0; i < count; i++) {
        json_t *app = app_of(apr_psprintf(p, "%s/%d/compose.json", wall->settings->apps_dir,
                                          ids[i]));
        if (app != NULL)
            json_array_append_new(apps, app);
    }
    free(ids);
    aphd_wall_rules_clear(&wall->rules);
    if (apps == NULL ||
        !aphd_wall_rules_make(&wall->rules, wall->instance, wall->settings->subnet_pool, apps))
        return aph_error_set(err, APR_ENOMEM, 2110, "no memory for the rules of the firewall");
    return APR_SUCCESS;
}

/* --- iptables -------------------------------------------------------------------------------- */

static const char *find_program(const char *const places[])
{
    for (; *places != NULL; places++)
        if (access(*places, X_OK) == 0)
            return *places;
    return NULL;
}

static apr_status_t no_iptables(aph_error_t *err)
{
    return aph_error_set(err, APH_ECONFIG, 2111, "there is no iptables on this machine (looked for "
                         "in /usr/sbin, /sbin and /usr/local/sbin), and without it apps could be "
                         "reached past httpd; install it (apt-get install iptables)");
}

/* The whole of a memory file as text; malloc'd, NULL where it cannot be had. */
static char *text_in(int fd)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || st.st_size > (off_t)SAID_MAX)
        return NULL;
    char *text = calloc(1, (size_t)st.st_size + 1);
    if (text != NULL && pread(fd, text, (size_t)st.st_size, 0) != (ssize_t)st.st_size) {
        free(text);
        return NULL;
    }
    return text;
}

/* Input and output are files in memory: neither side can wait for the other. */
static apr_status_t run(const char *const *argv, const char *input, int output, aph_error_t *err)
{
    int in = memfd_create("apphost-in", MFD_CLOEXEC);
    int out = memfd_create("apphost-out", MFD_CLOEXEC);
    size_t length = strlen(input);
    int exit_code = 1;
    pid_t pid;
    apr_status_t status = APR_SUCCESS;
    if (in < 0 || out < 0 || pwrite(in, input, length, 0) != (ssize_t)length)
        status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 2112, "cannot run %s: %s", argv[0],
                               strerror(errno));
    aph_child_spec_t spec = {.argv = argv, .fds = {in, output >= 0 ? output : out, out, -1},
                             .dies_with_parent = 1};
    if (status == APR_SUCCESS)
        status = aph_child_start(&spec, &pid, err);
    if (status == APR_SUCCESS)
        status = aph_child_wait(pid, &exit_code, err);
    if (status == APR_SUCCESS && exit_code != 0) {
        char *said = text_in(out);
        const char *line = said;
        while (line != NULL && line[0] == '#' && strchr(line, '\n') != NULL) /* "# Warning: ..." */
            line = strchr(line, '\n') + 1;
        status = aph_error_set(err, APH_ECONFIG, 2113, "%s failed (exit code %d): %.*s", argv[0],
                               exit_code, line != NULL ? (int)strcspn(line, "\n") : 0, line);
        free(said);
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return status;
}

/* *saved: malloc'd. */
static apr_status_t save(char **saved, aph_error_t *err)
{
    static const char *const places[] = {"/usr/sbin/iptables-save", "/sbin/iptables-save",
                                         "/usr/local/sbin/iptables-save", NULL};
    const char *argv[] = {find_program(places), NULL};
    *saved = NULL;
    if (argv[0] == NULL)
        return no_iptables(err);
    int out = memfd_create("apphost-saved", MFD_CLOEXEC);
    apr_status_t status = run(argv, "", out, err);
    if (status == APR_SUCCESS && (*saved = text_in(out)) == NULL)
        status = aph_error_set(err, APR_ENOMEM, 2114, "what %s prints cannot be read", argv[0]);
    if (out >= 0)
        close(out);
    return status;
}

static apr_status_t restore(const char *text, aph_error_t *err)
{
    static const char *const places[] = {"/usr/sbin/iptables-restore", "/sbin/iptables-restore",
                                         "/usr/local/sbin/iptables-restore", NULL};
    const char *argv[] = {find_program(places), "--noflush", "-w", LOCK_WAIT, NULL};
    return argv[0] == NULL ? no_iptables(err) : run(argv, text, -1, err);
}

apr_status_t aphd_wall_look(const aphd_wall_t *wall, aphd_wall_view_t *view, aph_error_t *err)
{
    char *saved;
    apr_status_t status = save(&saved, err);
    if (status == APR_SUCCESS)
        aphd_wall_view(&wall->rules, saved, view);
    free(saved);
    return status;
}

/* --- building -------------------------------------------------------------------------------- */

static apr_status_t take_turn(const aphd_settings_t *settings, int *lock, apr_pool_t *p,
                              aph_error_t *err)
{
    const char *path = apr_pstrcat(p, settings->runtime_dir, "/wall.lock", NULL);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*lock < 0 || flock(*lock, LOCK_EX) != 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2115, "cannot take the lock %s: %s",
                             path, strerror(errno));
    return APR_SUCCESS;
}

static apr_status_t write_rules(const aphd_wall_t *wall, const aphd_wall_view_t *view,
                                aph_error_t *err)
{
    char *text = aphd_wall_restore_text(&wall->rules, view, !wall->without_raw);
    apr_status_t status = text != NULL ? restore(text, err)
                        : aph_error_set(err, APR_ENOMEM, 2116, "no memory for the firewall");
    free(text);
    return status;
}

/* Looks, writes what is missing and looks again, for what another program changed in between. Table
 * raw is given up only where the rest can be written without it. */
static apr_status_t put_right(aphd_wall_t *wall, int *built, aph_error_t *err)
{
    for (int try = 1;; try++) {
        aphd_wall_view_t view;
        aph_error_t why = APH_ERROR_INIT;
        apr_status_t status = aphd_wall_look(wall, &view, err);
        if (status != APR_SUCCESS || aphd_wall_stands(&view, !wall->without_raw))
            return status;
        status = write_rules(wall, &view, &why);
        if (status == APR_SUCCESS) {
            *built = 1;
            return status;
        }
        if (try < TRIES)
            continue;
        aphd_wall_t rest = *wall;
        rest.without_raw = 1;
        if (wall->without_raw || aphd_wall_look(wall, &view, &why) != APR_SUCCESS
            || write_rules(&rest, &view, NULL) != APR_SUCCESS)
            return aph_error_set(err, why.status, 2117, "the firewall cannot be written, and "
                                 "without it apps could be reached past httpd: %s", why.message);
        *built = wall->without_raw = 1;
        return APR_SUCCESS;
    }
}

apr_status_t aphd_wall_build(aphd_wall_t *wall, int *built, apr_pool_t *p, aph_error_t *err)
{
    int lock = -1;
    *built = 0;
    apr_status_t status = take_turn(wall->settings, &lock, p, err);
    if (status == APR_SUCCESS)
        status = aphd_wall_want(wall, p, err);
    if (status == APR_SUCCESS)
        status = put_right(wall, built, err);
    if (lock >= 0)
        close(lock);
    return status;
}

apr_status_t aphd_wall_remove(aphd_wall_t *wall, apr_pool_t *p, aph_error_t *err)
{
    char *saved, *text = NULL;
    apr_status_t status = aphd_wall_want(wall, p, err); /* for the names of the chains */
    if (status == APR_SUCCESS)
        status = save(&saved, err);
    if (status != APR_SUCCESS)
        return status;
    if (strstr(saved, wall->rules.chain) != NULL) {
        text = aphd_wall_remove_text(&wall->rules, saved);
        status = text != NULL ? restore(text, err)
               : aph_error_set(err, APR_ENOMEM, 2118, "no memory for the firewall");
    }
    free(saved);
    free(text);
    return status;
}
