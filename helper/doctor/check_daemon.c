/* SPDX-License-Identifier: Apache-2.0 */
/* Whether apphostd answers on its socket, and if not, why. */
#include "helper/doctor/doctor.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/frame.h"

#define ANSWER_MILLISECONDS 5000

static void explain_connect(aphd_doctor_t *doctor, int reason, const char *path)
{
    struct stat what;
    if (reason == ENOENT)
        aphd_report(doctor, APHD_FAULT, NULL, "apphostd is not running: there is no socket %s",
                    path);
    else if (reason == ECONNREFUSED && stat(path, &what) == 0 && !S_ISSOCK(what.st_mode))
        aphd_report(doctor, APHD_FAULT,
                    aphd_doctor_text(doctor, "move %s away, then start apphostd", path),
                    "%s is not a socket, so apphostd cannot listen there", path);
    else if (reason == ECONNREFUSED)
        aphd_report(doctor, APHD_FAULT,
                    "start it again: systemctl start apphostd; journalctl -u apphostd says why it "
                    "ended",
                    "apphostd has died: nobody listens on the socket %s it left behind", path);
    else if (reason == EACCES || reason == EPERM)
        aphd_report(doctor, APHD_FAULT, "run apphostctl doctor as root",
                    "permission denied on the socket %s", path);
    else
        aphd_report(doctor, APHD_FAULT, NULL, "apphostd cannot be reached on %s: %s", path,
                    strerror(reason));
}

/* Asks for the status; an answer of any kind that is of our protocol proves that it lives. */
static void converse(aphd_doctor_t *doctor, int fd)
{
    aph_frame_reader_t reader;
    aph_error_t err = APH_ERROR_INIT;
    json_t *answer = NULL;
    json_t *request =
        json_pack("{s:i, s:s, s:{}}", "v", APH_PROTOCOL_VERSION, "op", "status", "args");
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    apr_status_t status = aph_frame_write(fd, request, APH_FRAME_MAX, &err);
    json_decref(request);
    if (status == APR_SUCCESS && poll(&waiting, 1, ANSWER_MILLISECONDS) == 0) {
        aphd_report(
            doctor, APHD_FAULT, "restart it: systemctl restart apphostd; apps stay up meanwhile",
            "apphostd hangs: it has not answered for %d seconds", ANSWER_MILLISECONDS / 1000);
        return;
    }
    aph_frame_reader_init(&reader, APH_JOB_FRAME_MAX);
    status = aph_frame_wait(&reader, fd, &answer, &err);
    aph_frame_reader_clear(&reader);
    const char *code = json_string_value(json_object_get(answer, "code"));
    if (status != APR_SUCCESS)
        aphd_report(doctor, APHD_FAULT, "restart it: systemctl restart apphostd",
                    "apphostd closed the connection or does not speak the protocol: %s",
                    *err.message != '\0' ? err.message : "end of file");
    else if (code != NULL && strcmp(code, "version") == 0)
        aphd_report(doctor, APHD_FAULT, "restart apphostd, so that it is the one that is installed",
                    "apphostd is of another version: %s",
                    json_string_value(json_object_get(answer, "message")));
    json_decref(answer);
}

void aphd_look_daemon(aphd_doctor_t *doctor)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const char *path = doctor->settings->socket_path;
    if (strlen(path) >= sizeof address.sun_path) {
        aphd_report(doctor, APHD_FAULT, "choose a shorter RuntimeDir",
                    "the path of the socket is too long: %s", path);
        return;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = ANSWER_MILLISECONDS / 1000};
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        explain_connect(doctor, errno, path);
    else
        converse(doctor, fd);
    if (fd >= 0)
        close(fd);
}
