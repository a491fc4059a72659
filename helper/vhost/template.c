/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and reading the effective template of a kind. */
#include "helper/vhost/template.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/utf8.h"
#include "helper/vhost/names.h"

static apr_status_t wrong(const char *path, const char *what, aph_error_t *err)
{
    return aph_error_set(err, APH_ECONFIG, 2049, "the template %s cannot be used: %s", path, what);
}

/* Root's, or whose program this is: root runs it but for the tests. */
static int owner_fits(const struct stat *about)
{
    return (about->st_uid == 0 || about->st_uid == geteuid()) &&
           (about->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Who may write to the folder may put another file in the place of a sound one. */
static apr_status_t judge_folder(const char *path, aph_error_t *err)
{
    char folder[4096];
    struct stat about;
    apr_cpystrn(folder, path, sizeof folder);
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    if (slash == NULL || stat(folder, &about) != 0)
        return APR_SUCCESS;
    if (about.st_gid == 0) /* an install under umask 002 gives that to root's own group */
        about.st_mode &= ~(mode_t)S_IWGRP;
    if (owner_fits(&about))
        return APR_SUCCESS;
    return wrong(path,
                 "its folder is not root's, or others may write to it; use chown root and chmod "
                 "go-w",
                 err);
}

static apr_status_t judge_file(const char *path, const struct stat *about, aph_error_t *err)
{
    if (!S_ISREG(about->st_mode))
        return wrong(path, "it is not a regular file", err);
    if (!owner_fits(about))
        return wrong(path,
                     "it is not root's, or others may write to it; use chown root and chmod go-w",
                     err);
    if (about->st_size > APHD_VHOST_TEXT_MAX)
        return wrong(path, "it is larger than 64 KiB", err);
    return APR_SUCCESS;
}

/* NULL, or what is wrong with the text. */
static const char *judge_text(const char *text, size_t length)
{
    unsigned long point;
    for (size_t i = 0; i < length;) {
        size_t size = aph_utf8_decode(text + i, length - i, &point);
        if (size == 0)
            return "it is not UTF-8";
        if (point == 0)
            return "it has a NUL";
        i += size;
    }
    return NULL;
}

static apr_status_t read_whole(int fd, size_t most, char *text, size_t *length)
{
    *length = 0;
    for (ssize_t got = 1; got != 0 && *length < most;) {
        got = read(fd, text + *length, most - *length);
        if (got < 0 && errno != EINTR)
            return APR_FROM_OS_ERROR(errno);
        *length += got > 0 ? (size_t)got : 0;
        got = got < 0 ? 1 : got;
    }
    return APR_SUCCESS;
}

/* APR_ENOENT, without a sentence, where there is no such file. O_NONBLOCK: a FIFO must not hold us.
 */
static apr_status_t read_template(const char *path, aphd_template_t *template, apr_pool_t *p,
                                  aph_error_t *err)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return APR_ENOENT;
    if (fd < 0)
        return wrong(path,
                     errno == ELOOP ? "it is a symbolic link; put the file itself there"
                                    : strerror(errno),
                     err);
    char *text = apr_palloc(p, APHD_VHOST_TEXT_MAX + 2);
    size_t length = 0;
    apr_status_t rv =
        fstat(fd, &about) == 0 ? judge_file(path, &about, err) : wrong(path, strerror(errno), err);
    if (rv == APR_SUCCESS)
        rv = judge_folder(path, err);
    if (rv == APR_SUCCESS && read_whole(fd, APHD_VHOST_TEXT_MAX + 1, text, &length) != APR_SUCCESS)
        rv = wrong(path, strerror(errno), err);
    close(fd);
    if (rv != APR_SUCCESS)
        return rv;
    text[length] = '\0';
    const char *reason =
        length > APHD_VHOST_TEXT_MAX ? "it grew while it was read" : judge_text(text, length);
    if (reason != NULL)
        return wrong(path, reason, err);
    *template = (aphd_template_t){.path = apr_pstrdup(p, path), .text = text, .length = length};
    return APR_SUCCESS;
}

/* KIND.conf of folder, or for a kind of container then container.conf. */
static apr_status_t find_in(const char *folder, const char *kind, int only_exact,
                            aphd_template_t *template, apr_pool_t *p, aph_error_t *err)
{
    const char *path = apr_pstrcat(p, folder, "/vhost/", kind, ".conf", NULL);
    apr_status_t rv = read_template(path, template, p, err);
    if (rv != APR_ENOENT || only_exact)
        return rv;
    return read_template(apr_pstrcat(p, folder, "/vhost/container.conf", NULL), template, p, err);
}

apr_status_t aphd_template_find(const aphd_settings_t *settings, const char *kind,
                                const char *shipped, aphd_template_t *template, apr_pool_t *p,
                                aph_error_t *err)
{
    aphd_template_t original;
    aphd_kind_t what = aphd_kind_of(kind);
    if (shipped == NULL)
        shipped = APH_PKGDATADIR "/templates";
    if (what != APHD_KIND_CONTAINER && what != APHD_KIND_WEBAPP)
        return aph_error_set(err, APH_EUSAGE, 2050, "an app of kind %.40s has no virtual host",
                             kind);
    apr_status_t rv = find_in(shipped, kind, what == APHD_KIND_WEBAPP, &original, p, err);
    if (rv == APR_ENOENT)
        return aph_error_set(
            err, APH_ECONFIG, 2051,
            "there is no template %s/vhost/%s.conf, which came with apphost: install it "
            "again",
            shipped, what == APHD_KIND_WEBAPP ? kind : "container");
    if (rv != APR_SUCCESS)
        return rv;
    /* The admin's own of that name, the shipped one of that name, then container.conf of either. */
    const char *exact = apr_pstrcat(p, shipped, "/vhost/", kind, ".conf", NULL);
    int only_exact = what == APHD_KIND_WEBAPP || strcmp(original.path, exact) == 0;
    rv = find_in(settings->templates_dir, kind, only_exact, template, p, err);
    if (rv == APR_ENOENT) {
        rv = APR_SUCCESS;
        *template = original;
    }
    if (rv == APR_SUCCESS)
        template->shipped =
            template->length ==
            original.length &&memcmp(template->text, original.text, original.length) == 0;
    return rv;
}
