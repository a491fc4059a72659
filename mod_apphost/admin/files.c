/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a file. Its name is made of a few characters, and every step to it is opened as a folder
 * that is no link: nothing outside the root can be reached, whatever lies in it. */
#include "mod_apphost/admin/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <http_protocol.h>

#include "mod_apphost/admin/answer.h"

#define NAME_OCTETS 128
#define FILE_MAX    (8 * 1024 * 1024)

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},   {".json", "application/json"},
        {".svg", "image/svg+xml"},             {".png", "image/png"},
        {".ico", "image/vnd.microsoft.icon"},  {".woff2", "font/woff2"},
        {".webmanifest", "application/manifest+json"}, {".txt", "text/plain; charset=utf-8"},
    };
    const char *end = strrchr(path, '.');
    for (size_t i = 0; end != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(end, types[i][0]) == 0)
            return types[i][1];
    return NULL;
}

/* -1: there is no such file that may be served. */
static int open_file(const char *root, const char *path)
{
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && path != NULL) {
        char name[NAME_OCTETS];
        size_t length = strcspn(path, "/");
        int last = path[length] == '\0', next = -1;
        if (length > 0 && length < sizeof name && *path != '.'
            && strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789._-") >= length) {
            memcpy(name, path, length);
            name[length] = '\0';
            next = openat(fd, name, last ? O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
                                         : O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
        }
        close(fd);
        fd = next;
        path = last ? NULL : path + length + 1;
    }
    struct stat what;
    if (fd >= 0 && (fstat(fd, &what) != 0 || !S_ISREG(what.st_mode) || what.st_size > FILE_MAX)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int answer_missing(aphm_admin_t *admin)
{
    aph_error_t err = APH_ERROR_INIT;
    aph_error_set(&err, APH_ENOTFOUND, 3155, "there is no page %.200s here", admin->path);
    return aphm_answer_problem(admin, HTTP_NOT_FOUND, &err);
}

int aphm_files_send(aphm_admin_t *admin, const char *path)
{
    request_rec *r = admin->r;
    aph_error_t err = APH_ERROR_INIT;
    const char *type = type_of(path);
    if (r->method_number != M_GET) {
        apr_table_setn(r->headers_out, "Allow", "GET, HEAD");
        aph_error_set(&err, APH_EUSAGE, 3156, "a page can only be read");
        return aphm_answer_problem(admin, HTTP_METHOD_NOT_ALLOWED, &err);
    }
    int fd = type != NULL ? open_file(aphm_config_admin_root(admin->config), path) : -1;
    if (fd < 0)
        return answer_missing(admin);
    struct stat what;
    size_t size = fstat(fd, &what) == 0 ? (size_t)what.st_size : 0, used = 0;
    char *octets = apr_palloc(r->pool, size + 1);
    for (ssize_t got = 1; got > 0 && used < size; used += got > 0 ? (size_t)got : 0)
        got = read(fd, octets + used, size - used);
    close(fd);
    return aphm_answer_text(admin, type, octets, used);
}
