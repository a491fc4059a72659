/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting to apphostd, and telling its frames apart. */
#include "common/peer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int aph_peer_connect(const char *path, int seconds, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0)
        return errno;
    /* Bounds connect on a full backlog, and a write to an apphostd that hangs. */
    struct timeval limit = {.tv_sec = seconds};
    setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(made, (struct sockaddr *)&address, sizeof address) == 0) {
        *fd = made;
        return 0;
    }
    /* A plain file refuses just as a socket nobody listens on does. */
    struct stat what;
    int reason = errno;
    close(made);
    if (reason == ECONNREFUSED && stat(path, &what) == 0 && !S_ISSOCK(what.st_mode))
        reason = ENOTSOCK;
    return reason;
}

aph_frame_kind_t aph_peer_kind(const json_t *frame, json_t **value)
{
    static const struct {
        const char *member;
        json_type type;
        aph_frame_kind_t kind;
    } kinds[] = {{"progress", JSON_OBJECT, APH_FRAME_PROGRESS},
                 {"log", JSON_STRING, APH_FRAME_LOG},
                 {"data", JSON_STRING, APH_FRAME_DATA}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        *value = json_object_get(frame, kinds[i].member);
        if (*value != NULL && json_typeof(*value) == kinds[i].type)
            return kinds[i].kind;
    }
    *value = json_object_get(frame, "ok");
    if (*value != NULL)
        return APH_FRAME_OK;
    return json_is_string(json_object_get(frame, "code")) ? APH_FRAME_FAILED : APH_FRAME_STRANGE;
}

apr_status_t aph_peer_fault(const json_t *frame, aph_error_t *err)
{
    return aph_error_receive(err, json_string_value(json_object_get(frame, "code")),
                             json_string_value(json_object_get(frame, "tag")),
                             json_string_value(json_object_get(frame, "message")));
}
