/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/sets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "common/file_replace.h"

#define SETS      "vhosts-sets"
#define CANDIDATE "vhosts-candidate"
#define ENABLED   "vhosts-enabled"
#define UNNAMED   "new" /* a set that is being written */
#define SCRATCH   "check"
#define FILE_MAX  (1024 * 1024)

static apr_status_t fail(aph_error_t *err, int tag, const char *what, const char *path)
{
    apr_status_t status = APR_FROM_OS_ERROR(errno);
    return aph_error_set(err, status, tag, "cannot %s %s: %s", what, path, strerror(errno));
}

static const char *in_state(const aphd_httpd_t *httpd, const char *name)
{
    return apr_pstrcat(httpd->p, httpd->settings->state_dir, "/", name, NULL);
}

const char *const *aphd_sets_folders(const aphd_httpd_t *httpd)
{
    const char **folders = apr_pcalloc(httpd->p, 5 * sizeof *folders);
    folders[0] = in_state(httpd, SETS "/");
    folders[1] = in_state(httpd, ENABLED "/");
    folders[2] = in_state(httpd, CANDIDATE "/");
    folders[3] = in_state(httpd, "vhosts-available/");
    return folders;
}

const char *aphd_sets_path(const aphd_httpd_t *httpd, const char *name)
{
    return apr_pstrcat(httpd->p, httpd->settings->state_dir, "/" SETS "/", name, NULL);
}

static const char *set_path(const aphd_httpd_t *httpd, int number)
{
    return aphd_sets_path(httpd, apr_itoa(httpd->p, number));
}

/* Nonzero for a name sets have: 1, 2, ... without zeros before it. */
static int set_number(const char *name)
{
    size_t digits = strspn(name, "0123456789");
    return digits > 0 && digits < 10 && name[digits] == '\0' && *name != '0' ? atoi(name) : 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

apr_status_t aphd_sets_current(int *number, const aphd_httpd_t *httpd, aph_error_t *err)
{
    char target[256];
    struct stat about;
    const char *link = in_state(httpd, ENABLED);
    ssize_t length = readlink(link, target, sizeof target - 1);
    *number = 0;
    if (length < 0 && errno == ENOENT)
        return APR_SUCCESS;
    if (length > 0) {
        target[length] = '\0';
        const char *slash = strrchr(target, '/');
        *number = set_number(slash != NULL ? slash + 1 : target);
    }
    if (*number > 0 && stat(set_path(httpd, *number), &about) == 0 && S_ISDIR(about.st_mode))
        return APR_SUCCESS;
    *number = 0;
    return aph_error_set(
        err, APH_ECONFIG, 2069,
        "%s is not the link to a folder in %s that apphost made: move it away, and "
        "render the virtual hosts anew (apphostctl render)",
        link, in_state(httpd, SETS));
}

static int file_equals(const char *path, const char *text)
{
    char *octets = NULL;
    size_t length = 0;
    if (aph_file_read(path, FILE_MAX, &octets, &length, NULL) != APR_SUCCESS)
        return 0;
    int equal = length == strlen(text) && memcmp(octets, text, length) == 0;
    free(octets);
    return equal;
}

static int count_entries(const char *path)
{
    int count = 0;
    struct dirent *entry;
    DIR *folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    if (folder != NULL)
        closedir(folder);
    return folder != NULL ? count : -1;
}

static const char *vhost_path(const aphd_httpd_t *httpd, const char *folder,
                              const aphd_vhost_file_t *vhost)
{
    return apr_psprintf(httpd->p, "%s/%05d.conf", folder, vhost->app_id);
}

int aphd_sets_equal(const aphd_httpd_t *httpd, int number, const apr_array_header_t *wanted)
{
    const char *folder = set_path(httpd, number);
    if (number == 0)
        return wanted->nelts == 0;
    if (count_entries(folder) != wanted->nelts)
        return 0;
    for (int i = 0; i < wanted->nelts; i++) {
        const aphd_vhost_file_t *vhost = &APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t);
        if (!file_equals(vhost_path(httpd, folder, vhost), vhost->text))
            return 0;
    }
    return 1;
}

static apr_status_t read_vhost(apr_array_header_t *vhosts, const aphd_httpd_t *httpd,
                               const char *folder, const char *name, aph_error_t *err)
{
    char *octets = NULL;
    size_t length;
    int app_id = atoi(name);
    apr_status_t rv = aph_file_read(apr_pstrcat(httpd->p, folder, "/", name, NULL), FILE_MAX,
                                    &octets, &length, err);
    if (rv == APR_SUCCESS && app_id > 0)
        APR_ARRAY_PUSH(vhosts, aphd_vhost_file_t) = (aphd_vhost_file_t){
            .app_id = app_id,
            .name = apr_psprintf(httpd->p, "app %d", app_id),
            .text = apr_pstrmemdup(httpd->p, octets, length),
        };
    free(octets);
    return rv;
}

apr_status_t aphd_sets_read(apr_array_header_t **vhosts, const aphd_httpd_t *httpd, int number,
                            aph_error_t *err)
{
    const char *path = set_path(httpd, number);
    struct dirent *entry;
    apr_status_t rv = APR_SUCCESS;
    *vhosts = apr_array_make(httpd->p, 16, sizeof(aphd_vhost_file_t));
    if (number == 0)
        return APR_SUCCESS;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return fail(err, 2094, "open", path);
    while (rv == APR_SUCCESS && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            rv = read_vhost(*vhosts, httpd, path, entry->d_name, err);
    closedir(folder);
    return rv;
}

/* --- writing ---------------------------------------------------------------------------------- */

static apr_status_t make_folder(const char *path, mode_t mode, aph_error_t *err)
{
    if (mkdir(path, mode) != 0)
        return errno == EEXIST ? APR_SUCCESS : fail(err, 2070, "create", path);
    if (chmod(path, mode) != 0)
        return fail(err, 2071, "set the mode of", path);
    return APR_SUCCESS;
}

static apr_status_t sync_folder(const char *path, aph_error_t *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, 2072, "open", path);
    apr_status_t rv = fsync(fd) == 0 ? APR_SUCCESS : fail(err, 2073, "sync", path);
    close(fd);
    return rv;
}

static int greatest_number(const char *path)
{
    int greatest = 0;
    struct dirent *entry;
    DIR *folder = opendir(path);
    while (folder != NULL && (entry = readdir(folder)) != NULL)
        if (set_number(entry->d_name) > greatest)
            greatest = set_number(entry->d_name);
    if (folder != NULL)
        closedir(folder);
    return greatest;
}

/* Only plain files are ever in a set; a folder of somebody else's stays, and rmdir says so. */
void aphd_sets_remove(const char *path)
{
    struct dirent *entry;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(path);
}

apr_status_t aphd_sets_write(int *number, const aphd_httpd_t *httpd, int least,
                             const apr_array_header_t *wanted, aph_error_t *err)
{
    const char *sets = in_state(httpd, SETS), *unnamed = aphd_sets_path(httpd, UNNAMED);
    apr_status_t rv = make_folder(sets, 0755, err);
    aphd_sets_remove(unnamed);
    if (rv == APR_SUCCESS)
        rv = make_folder(unnamed, 0755, err);
    for (int i = 0; rv == APR_SUCCESS && i < wanted->nelts; i++) {
        const aphd_vhost_file_t *vhost = &APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t);
        rv = aph_file_replace(vhost_path(httpd, unnamed, vhost), vhost->text, strlen(vhost->text),
                              0644, err);
    }
    if (rv == APR_SUCCESS)
        rv = sync_folder(unnamed, err);
    int greatest = greatest_number(sets);
    *number = (least > greatest ? least : greatest) + 1;
    if (rv == APR_SUCCESS && rename(unnamed, set_path(httpd, *number)) != 0)
        rv = fail(err, 2074, "name the new set", set_path(httpd, *number));
    if (rv == APR_SUCCESS)
        rv = sync_folder(sets, err);
    return rv;
}

/* The new link has a name of its own until rename puts it over the old one. */
static apr_status_t point(const aphd_httpd_t *httpd, const char *name, int number,
                          aph_error_t *err)
{
    const char *link = in_state(httpd, name);
    const char *fresh = apr_pstrcat(httpd->p, link, ".new", NULL);
    unlink(fresh);
    if (number == 0) {
        if (unlink(link) != 0 && errno != ENOENT)
            return fail(err, 2075, "remove", link);
    } else {
        if (symlink(apr_psprintf(httpd->p, SETS "/%d", number), fresh) != 0)
            return fail(err, 2076, "create", fresh);
        if (rename(fresh, link) != 0)
            return fail(err, 2077, "replace", link);
    }
    return sync_folder(httpd->settings->state_dir, err);
}

apr_status_t aphd_sets_enable(const aphd_httpd_t *httpd, int number, aph_error_t *err)
{
    return point(httpd, ENABLED, number, err);
}

apr_status_t aphd_sets_nominate(const aphd_httpd_t *httpd, int number, aph_error_t *err)
{
    return point(httpd, CANDIDATE, number, err);
}

apr_status_t aphd_sets_tidy(const aphd_httpd_t *httpd, int keep, int keep_too, aph_error_t *err)
{
    struct dirent *entry;
    apr_status_t rv = aphd_sets_nominate(httpd, 0, err);
    unlink(in_state(httpd, ENABLED ".new"));
    DIR *folder = rv == APR_SUCCESS ? opendir(in_state(httpd, SETS)) : NULL;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        int number = set_number(entry->d_name);
        int leftover = strcmp(entry->d_name, UNNAMED) == 0 ||
                       strncmp(entry->d_name, SCRATCH ".", strlen(SCRATCH ".")) == 0;
        if (leftover || (number > 0 && number != keep && number != keep_too))
            aphd_sets_remove(aphd_sets_path(httpd, entry->d_name));
    }
    if (folder != NULL)
        closedir(folder);
    return rv;
}

apr_status_t aphd_sets_scratch(const char **path, const aphd_httpd_t *httpd, aph_error_t *err)
{
    char *made = apr_pstrdup(httpd->p, aphd_sets_path(httpd, SCRATCH ".XXXXXX"));
    if (mkdtemp(made) == NULL)
        return fail(err, 2078, "create", made);
    *path = made;
    return chmod(made, 0755) == 0 ? APR_SUCCESS : fail(err, 2079, "set the mode of", made);
}

/* --- logs ------------------------------------------------------------------------------------- */

static apr_status_t make_log_folder(const char *path, aph_error_t *err)
{
    struct stat about;
    if (lstat(path, &about) == 0)
        return APR_SUCCESS;
    const struct group *adm = getgrnam("adm");
    if (mkdir(path, 0700) != 0)
        return fail(err, 2080, "create", path);
    if (adm != NULL && (chown(path, 0, adm->gr_gid) != 0 || chmod(path, 0750) != 0))
        return fail(err, 2081, "give to group adm", path);
    return APR_SUCCESS;
}

apr_status_t aphd_sets_log_folders(const aphd_httpd_t *httpd, const apr_array_header_t *wanted,
                                   aph_error_t *err)
{
    const char *sites = httpd->settings->sites_dir;
    apr_status_t rv = wanted->nelts > 0 ? make_folder(sites, 0755, err) : APR_SUCCESS;
    for (int i = 0; rv == APR_SUCCESS && i < wanted->nelts; i++) {
        int app_id = APR_ARRAY_IDX(wanted, i, aphd_vhost_file_t).app_id;
        const char *site = apr_psprintf(httpd->p, "%s/%d", sites, app_id);
        const char *logs = apr_pstrcat(httpd->p, site, "/logs", NULL);
        int is_new = access(logs, F_OK) != 0;
        rv = make_folder(site, 0755, err);
        if (rv == APR_SUCCESS)
            rv = make_log_folder(logs, err);
        if (rv == APR_SUCCESS && is_new)
            rv = sync_folder(site, err);
        if (rv == APR_SUCCESS && is_new)
            rv = sync_folder(sites, err);
    }
    return rv;
}
