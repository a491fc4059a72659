/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual hosts of apps. */
#include "mod_apphost/vhosts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <apr_strings.h>

#define ENABLED "vhosts-enabled"
#define ID_DIGITS 5

/* "/a/b/c" -> "/a/b"; NULL where there is no folder in it. */
static const char *folder_of(const char *path, apr_pool_t *p)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    while (slash != NULL && slash > path && slash[-1] == '/')
        slash--;
    if (slash == NULL)
        return NULL;
    return slash == path ? "/" : apr_pstrmemdup(p, path, (apr_size_t)(slash - path));
}

static int same_folder(const char *a, const char *b)
{
    struct stat one, other;
    if (strcmp(a, b) == 0)
        return 1;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* -- servers --------------------------------------------------------------------------------- */

/* The link itself is not followed: what counts is how the file was included. */
static int is_vhost_of_app(const server_rec *s, const char *state, apr_pool_t *p)
{
    const char *set = folder_of(s->defn_name, p);
    const char *above = folder_of(set, p);
    if (above == NULL)
        return 0;
    const char *name = strrchr(set, '/') + 1;
    return (strcmp(name, ENABLED) == 0 || strcmp(name, "vhosts-candidate") == 0) &&
           same_folder(above, state);
}

/* The first server that has everything an app's virtual host may have to inherit. */
static const aphm_config_t *find_model(server_rec *main_server)
{
    if (aphm_config_of(main_server)->domains != NULL)
        return aphm_config_of(main_server);
    for (server_rec *s = main_server; s != NULL; s = s->next)
        if (aphm_config_of(s)->enabled == 1 && aphm_config_of(s)->domains != NULL)
            return aphm_config_of(s);
    return NULL;
}

void aphm_vhosts_adopt(server_rec *main_server, apr_pool_t *p)
{
    const char *routes_path = aphm_config_routes_path(main_server);
    const char *state = folder_of(routes_path, p);
    const aphm_config_t *model = find_model(main_server);
    if (state == NULL || model == NULL)
        return;
    for (server_rec *s = main_server->next; s != NULL; s = s->next) {
        if (!is_vhost_of_app(s, state, p))
            continue;
        /* A server without directives of ours shares the record of the main server. */
        aphm_config_t *config = apr_pmemdup(p, aphm_config_of(s), sizeof *config);
        config->enabled = 1;
        config->own_vhost = 1;
        if (config->domains == NULL)
            config->domains = model->domains;
        if (config->routes_path == NULL)
            config->routes_path = routes_path;
        ap_set_module_config(s->module_config, &apphost_module, config);
    }
}

/* -- log folders ----------------------------------------------------------------------------- */

/* Opens the folder name in parent, and makes it when it is missing; *made says so. No link is
 * followed. */
static apr_status_t make_folder(int parent, const char *name, mode_t mode, int *fd, int *made,
                                aph_error_t *err)
{
    *made = mkdirat(parent, name, mode) == 0;
    *fd = !*made && errno != EEXIST
              ? -1
              : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 253, "the folder %s: %s", name,
                             strerror(errno));
    if (*made)
        fchmod(*fd, mode); /* whatever the umask is */
    return APR_SUCCESS;
}

/* Only in a folder that nobody but root can change is it safe to make something. */
static apr_status_t make_own_folder(int parent, const char *name, int *fd, aph_error_t *err)
{
    struct stat about;
    int made;
    apr_status_t rv = make_folder(parent, name, 0755, fd, &made, err);
    if (rv != APR_SUCCESS)
        return rv;
    if (fstat(*fd, &about) == 0 && about.st_uid == 0 && (about.st_mode & 022) == 0)
        return APR_SUCCESS;
    close(*fd);
    return aph_error_set(err, APR_EACCES, 254,
                         "the folder %s is not root's alone: chown root and chmod go-w it", name);
}

/* Those who may read logs on Debian may read these. */
static void give_to_readers(int fd)
{
    const struct group *readers = getgrnam("adm");
    if (readers != NULL && fchown(fd, 0, readers->gr_gid) == 0)
        fchmod(fd, 0750);
}

static apr_status_t make_logs(int sites, const char *id, aph_error_t *err)
{
    int site, logs, made;
    apr_status_t rv = make_own_folder(sites, id, &site, err);
    if (rv != APR_SUCCESS)
        return rv;
    rv = make_folder(site, "logs", 0700, &logs, &made, err);
    close(site);
    if (rv != APR_SUCCESS) {
        aph_error_wrap(err, "in the folder %s", id);
        return rv;
    }
    if (made)
        give_to_readers(logs);
    close(logs);
    return APR_SUCCESS;
}

/* Nonzero when the name is NNNNN.conf; id receives the number, as its folder in sites/ is
 * called. */
static int is_vhost_file(const char *name, char id[ID_DIGITS + 1])
{
    if (strspn(name, "0123456789") != ID_DIGITS || strcmp(name + ID_DIGITS, ".conf") != 0)
        return 0;
    size_t zeros = strspn(name, "0");
    memcpy(id, name + zeros, ID_DIGITS - zeros);
    id[ID_DIGITS - zeros] = '\0';
    return zeros < ID_DIGITS;
}

/* One folder that cannot be made must not keep the others from being made. */
static apr_status_t make_logs_of_set(DIR *set, int state, aph_error_t *err)
{
    apr_status_t first = APR_SUCCESS;
    char id[ID_DIGITS + 1];
    int sites = -1;
    for (const struct dirent *file = readdir(set); file != NULL; file = readdir(set)) {
        if (!is_vhost_file(file->d_name, id))
            continue;
        apr_status_t rv = sites >= 0 ? APR_SUCCESS : make_own_folder(state, "sites", &sites, err);
        if (rv != APR_SUCCESS)
            return rv;
        rv = make_logs(sites, id, first == APR_SUCCESS ? err : NULL);
        if (first == APR_SUCCESS)
            first = rv;
    }
    if (sites >= 0)
        close(sites);
    return first;
}

apr_status_t aphm_vhosts_make_logs(const char *routes_path, aph_error_t *err)
{
    char state_path[APR_PATH_MAX];
    const char *slash = routes_path != NULL ? strrchr(routes_path, '/') : NULL;
    if (geteuid() != 0 || slash == NULL || slash - routes_path >= (long)sizeof state_path - 1)
        return APR_SUCCESS;
    apr_cpystrn(state_path, routes_path, (apr_size_t)(slash - routes_path) + 2);
    int state = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = state >= 0 ? openat(state, ENABLED, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    DIR *set = fd >= 0 ? fdopendir(fd) : NULL;
    /* Without a set there is no virtual host whose log could be missing. */
    apr_status_t rv = set != NULL ? make_logs_of_set(set, state, err) : APR_SUCCESS;
    if (set != NULL)
        closedir(set);
    else if (fd >= 0)
        close(fd);
    if (state >= 0)
        close(state);
    if (rv != APR_SUCCESS)
        aph_error_wrap(err, "log folders in %ssites cannot be made", state_path);
    return rv;
}

const char *aphm_vhosts_set(const char *routes_path, apr_pool_t *p)
{
    char target[APR_PATH_MAX];
    const char *state = folder_of(routes_path, p);
    if (state == NULL)
        return "";
    ssize_t length = readlink(apr_pstrcat(p, state, "/" ENABLED, NULL), target, sizeof target - 1);
    while (length > 0 && target[length - 1] == '/')
        length--;
    if (length <= 0)
        return "";
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    return apr_pstrdup(p, slash != NULL ? slash + 1 : target);
}
