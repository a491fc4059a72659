/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/httpd/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <apr_strings.h>

#include "helper/httpd/probe.h"

#define WAIT_MS 120000
#define STEP_MS 20
#define END     " end\n"

apr_status_t aphd_httpd_lock(aphd_httpd_t *httpd, aph_error_t *err)
{
    const char *path = apr_pstrcat(httpd->p, httpd->settings->runtime_dir, "/httpd.lock", NULL);
    int64_t until = aphd_probe_now() + WAIT_MS;
    if (httpd->lock_fd >= 0)
        return APR_SUCCESS;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2092, "cannot open the lock %s: %s",
                             path, strerror(errno));
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || aphd_probe_now() > until) {
            close(fd);
            return aph_error_set(err, APH_EBUSY, 2093,
                                 "another change of httpd has been under way for %d seconds (it "
                                 "holds %s): try again later",
                                 WAIT_MS / 1000, path);
        }
        poll(NULL, 0, STEP_MS);
    }
    httpd->lock_fd = fd;
    return APR_SUCCESS;
}

void aphd_httpd_unlock(aphd_httpd_t *httpd)
{
    if (httpd->lock_fd >= 0)
        close(httpd->lock_fd);
    httpd->lock_fd = -1;
}

void aphd_lock_read(aphd_lock_record_t *record, const aphd_httpd_t *httpd)
{
    char text[128] = "";
    *record = (aphd_lock_record_t){0};
    ssize_t length = pread(httpd->lock_fd, text, sizeof text - 1, 0);
    if (length <= 0 || strstr(text, END) == NULL ||
        sscanf(text, "%" SCNd64 " %d %" SCNd64, &record->began, &record->parent,
               &record->generation) != 3)
        *record = (aphd_lock_record_t){0};
}

/* A record that could not be written costs one reload more than was needed. */
void aphd_lock_write(const aphd_lock_record_t *record, const aphd_httpd_t *httpd)
{
    char text[128];
    int length = snprintf(text, sizeof text, "%" PRId64 " %d %" PRId64 END, record->began,
                          record->parent, record->generation);
    if (ftruncate(httpd->lock_fd, 0) != 0 || pwrite(httpd->lock_fd, text, (size_t)length, 0) < 0)
        return;
}
