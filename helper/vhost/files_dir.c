/* SPDX-License-Identifier: Apache-2.0 */
/* Folders and files that an admin names for httpd to read. */
#include "helper/vhost/files_dir.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>

#include "helper/vhost/text.h"

/* What is never served, with all below it; a folder above one of these neither. */
static const struct {
    const char *path;
    const char *reason;
} kept_back[] = {
    {"/bin", "it holds the system's programs"},
    {"/boot", "it holds the system's kernel"},
    {"/dev", "it holds devices"},
    {"/etc", "it holds the system's configuration"},
    {"/lib", "it holds the system's libraries"},
    {"/lib32", "it holds the system's libraries"},
    {"/lib64", "it holds the system's libraries"},
    {"/libx32", "it holds the system's libraries"},
    {"/lost+found", "it belongs to the file system"},
    {"/proc", "it shows the system's processes"},
    {"/root", "it is root's home"},
    {"/run", "it holds the sockets of running services"},
    {"/sbin", "it holds the system's programs"},
    {"/snap", "it holds the system's programs"},
    {"/sys", "it shows the system's devices"},
    {"/usr", "it holds the system's programs"},
    {"/var/backups", "it holds the system's backups"},
    {"/var/cache", "it holds what services keep for themselves"},
    {"/var/lib/containerd", "it is the container engine's"},
    {"/var/lib/containers", "it is the container engine's"},
    {"/var/lib/docker", "it is the container engine's"},
    {"/var/log", "it holds the system's logs"},
    {"/var/mail", "it holds people's mail"},
    {"/var/run", "it holds the sockets of running services"},
    {"/var/spool", "it holds what services keep for themselves"},
};

apr_status_t aphd_web_user_find(const aphd_settings_t *settings, aphd_web_user_t *user,
                                apr_pool_t *p, aph_error_t *err)
{
    char *buffer = apr_palloc(p, 16384);
    struct passwd entry, *found = NULL;
    memset(user, 0, sizeof *user);
    user->name = settings->web_user;
    if (getpwnam_r(settings->web_user, &entry, buffer, 16384, &found) != 0 || found == NULL)
        return aph_error_set(err, APH_ECONFIG, 2038,
                             "%s: WebUser = %s, and this machine has no such account; name the one "
                             "httpd runs as",
                             settings->path, settings->web_user);
    user->uid = found->pw_uid;
    user->group_count = APHD_WEB_GROUPS_MAX;
    /* An account in more groups than that is judged by those that fit. */
    if (getgrouplist(found->pw_name, found->pw_gid, user->groups, &user->group_count) < 0)
        user->group_count = APHD_WEB_GROUPS_MAX;
    return APR_SUCCESS;
}

/* Nonzero when path is above or lies at or below it. */
static int lies_in(const char *path, const char *above)
{
    size_t length = strlen(above);
    return strncmp(path, above, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The reason why path is not to be served, or NULL. */
static const char *not_to_be_served(const char *path, const aphd_settings_t *settings,
                                    apr_pool_t *p)
{
    const struct {
        const char *path;
        const char *reason;
    } ours[] = {{settings->state_dir, "it is apphost's own (StateDir)"},
                {settings->runtime_dir, "it is apphost's own (RuntimeDir)"}};
    for (size_t i = 0; i < sizeof kept_back / sizeof kept_back[0] + 2; i++) {
        int own = i < 2;
        const char *kept = own ? ours[i].path : kept_back[i - 2].path;
        if (lies_in(path, kept))
            return apr_pstrcat(p, kept, " is not to be served: ",
                               own ? ours[i].reason : kept_back[i - 2].reason, NULL);
        if (lies_in(kept, path))
            return apr_pstrcat(p, kept, " lies in it, and ",
                               own ? ours[i].reason : kept_back[i - 2].reason, NULL);
    }
    if (strcmp(path, "/home") == 0 || (lies_in(path, "/home") && strchr(path + 6, '/') == NULL))
        return "whole homes are not served; name a folder in it that is there for that";
    if (strcmp(path, "/tmp") == 0 || strcmp(path, "/var/tmp") == 0)
        return "everybody's temporary files are not served";
    return strstr(path, "/.") != NULL ? "hidden folders hold keys and settings" : NULL;
}

static int in_groups(const aphd_web_user_t *user, gid_t gid)
{
    for (int i = 0; i < user->group_count; i++)
        if (user->groups[i] == gid)
            return 1;
    return 0;
}

/* The bits (r 4, w 2, x 1) user has, as the kernel picks them: the first class that fits decides.
 */
static unsigned bits_of(const struct stat *about, const aphd_web_user_t *user)
{
    if (user->uid == 0)
        return 7;
    if (about->st_uid == user->uid)
        return (about->st_mode >> 6) & 7;
    return (in_groups(user, about->st_gid) ? about->st_mode >> 3 : about->st_mode) & 7;
}

/* The letter of chmod for that class. */
static char class_of(const struct stat *about, const aphd_web_user_t *user)
{
    if (about->st_uid == user->uid)
        return 'u';
    return in_groups(user, about->st_gid) ? 'g' : 'o';
}

typedef struct walk_t {
    const char *path; /* the whole of it, for sentences */
    const aphd_web_user_t *user;
    apr_pool_t *p;
    aph_error_t *err;
} walk_t;

static apr_status_t judge_rights(const walk_t *walk, const char *here, const struct stat *about,
                                 unsigned needed)
{
    static const char *const letters[] = {"", "x", "w", "wx", "r", "rx", "rw", "rwx"};
    unsigned missing = needed & ~bits_of(about, walk->user);
    if (missing == 0)
        return APR_SUCCESS;
    return aph_error_set(walk->err, APH_EFORBIDDEN, 2039,
                         "httpd's user %s cannot %s %s: give it the right with chmod %c+%s %s",
                         walk->user->name, (missing & 4) != 0 ? "read" : "go through", here,
                         class_of(about, walk->user), letters[missing], here);
}

/* One component of the way: no link, what it should be, and in a folder nobody can change it in. */
static apr_status_t judge_component(const walk_t *walk, const char *here, int last, mode_t type,
                                    struct stat *above)
{
    struct stat about;
    mode_t wanted = last ? type : S_IFDIR;
    if (lstat(here, &about) != 0)
        return aph_error_set(walk->err, errno == ENOENT ? APH_ENOTFOUND : APR_FROM_OS_ERROR(errno),
                             2040, "cannot use %s: %s: %s", walk->path, here, strerror(errno));
    if (S_ISLNK(about.st_mode))
        return aph_error_set(
            walk->err, APH_EDENIED, 2041,
            "%s is a symbolic link, which may point elsewhere tomorrow: name the place "
            "it points to",
            here);
    if ((about.st_mode & S_IFMT) != wanted)
        return aph_error_set(walk->err, APH_EDENIED, 2042, "%s is not a %s", here,
                             wanted == S_IFDIR ? "folder" : "regular file");
    if ((above->st_mode & S_IWOTH) != 0 && (above->st_mode & S_ISVTX) == 0)
        return aph_error_set(
            walk->err, APH_EDENIED, 2043,
            "everybody may write to the folder that %s lies in, and could put something "
            "else in its place: take that right away with chmod o-w, or set the sticky "
            "bit (chmod +t)",
            here);
    *above = about;
    return judge_rights(walk, here, &about, !last ? 1 : type == S_IFDIR ? 5 : 4);
}

static apr_status_t judge_way(const walk_t *walk, mode_t type)
{
    struct stat above;
    if (lstat("/", &above) != 0)
        return aph_error_set(walk->err, APR_FROM_OS_ERROR(errno), 2044, "cannot look at /: %s",
                             strerror(errno));
    apr_status_t rv = judge_rights(walk, "/", &above, 1);
    for (const char *slash = walk->path; slash != NULL && rv == APR_SUCCESS;) {
        slash = strchr(slash + 1, '/');
        size_t length = slash != NULL ? (size_t)(slash - walk->path) : strlen(walk->path);
        rv = judge_component(walk, apr_pstrmemdup(walk->p, walk->path, length), slash == NULL, type,
                             &above);
    }
    return rv;
}

/* Paths end up in httpd's configuration, so they are held to its grammar before anything else. */
static apr_status_t judge_spelling(const char *path, const char *what, aph_error_t *err)
{
    if (aphd_vhost_path_valid(path))
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_EUSAGE, 2045,
        "\"%.300s\" cannot be %s: an absolute path of letters, digits and ._@+,=- is "
        "needed, without . and .., and without a slash at the end",
        path, what);
}

apr_status_t aphd_files_dir_judge(const char *folder, const aphd_web_user_t *user,
                                  const aphd_settings_t *settings, apr_pool_t *p, aph_error_t *err)
{
    walk_t walk = {folder, user, p, err};
    if (strcmp(folder, "/") == 0)
        return aph_error_set(err, APH_EDENIED, 2046,
                             "/ is not to be served: it is the whole machine");
    apr_status_t rv = judge_spelling(folder, "a folder to serve", err);
    const char *reason = rv == APR_SUCCESS ? not_to_be_served(folder, settings, p) : NULL;
    if (reason != NULL)
        return aph_error_set(err, APH_EDENIED, 2047, "cannot serve %s: %s", folder, reason);
    return rv == APR_SUCCESS ? judge_way(&walk, S_IFDIR) : rv;
}

apr_status_t aphd_auth_file_judge(const char *path, const aphd_web_user_t *user,
                                  const aphd_settings_t *settings, apr_pool_t *p, aph_error_t *err)
{
    walk_t walk = {path, user, p, err};
    apr_status_t rv = judge_spelling(path, "auth-file", err);
    if (rv == APR_SUCCESS && lies_in(path, settings->data_dir))
        rv = aph_error_set(err, APH_EDENIED, 2048,
                           "auth-file %s lies in %s, where apps write: keep it where only you can",
                           path, settings->data_dir);
    return rv == APR_SUCCESS ? judge_way(&walk, S_IFREG) : rv;
}
