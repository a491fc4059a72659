/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/setup/daemon.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/frame.h"

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int cause = errno;
        close(fd);
        errno = cause;
        return -1;
    }
    return fd;
}

/* The frame that ends the answer: {"ok"} or an error; progress and log lines are passed over. */
static apr_status_t await_answer(int fd, json_t **answer, aph_error_t *err)
{
    aph_frame_reader_t reader;
    apr_status_t status;
    aph_frame_reader_init(&reader, APH_JOB_FRAME_MAX);
    *answer = NULL;
    do {
        json_decref(*answer);
        *answer = NULL;
        status = aph_frame_wait(&reader, fd, answer, err);
    } while (status == APR_SUCCESS && json_object_get(*answer, "ok") == NULL &&
             json_object_get(*answer, "code") == NULL);
    aph_frame_reader_clear(&reader);
    if (status == APR_EOF)
        status = aph_error_set(err, APH_EDAEMON, 2195, "apphostd closed the connection");
    return status;
}

/* One request, args stolen; *ok: new reference. */
static apr_status_t ask(const aphd_setup_t *setup, const char *op, json_t *args, json_t **ok,
                        aph_error_t *err)
{
    json_t *answer = NULL;
    json_t *request =
        json_pack("{s:i, s:s, s:o}", "v", APH_PROTOCOL_VERSION, "op", op, "args", args);
    int fd = connect_to(setup->settings->socket_path);
    apr_status_t status =
        fd < 0 ? aph_error_set(err, APH_EDAEMON, 2196, "apphostd does not answer on %s: %s",
                               setup->settings->socket_path, strerror(errno))
               : aph_frame_write(fd, request, APH_FRAME_MAX, err);
    json_decref(request);
    if (status == APR_SUCCESS)
        status = await_answer(fd, &answer, err);
    if (fd >= 0)
        close(fd);
    const char *code = json_string_value(json_object_get(answer, "code"));
    if (code != NULL)
        status = aph_error_receive(err, code, json_string_value(json_object_get(answer, "tag")),
                                   json_string_value(json_object_get(answer, "message")));
    *ok = status == APR_SUCCESS ? json_incref(json_object_get(answer, "ok")) : NULL;
    json_decref(answer);
    return status;
}

apr_status_t aphd_daemon_apps(const char *const **names, const aphd_setup_t *setup,
                              aph_error_t *err)
{
    json_t *answer, *app;
    size_t i;
    apr_array_header_t *found = apr_array_make(setup->p, 16, sizeof(const char *));
    apr_status_t status = ask(setup, "list", json_object(), &answer, err);
    json_t *apps = json_is_array(answer) ? answer : json_object_get(answer, "apps");
    json_array_foreach(apps, i, app)
    {
        const char *name = json_string_value(json_object_get(app, "name"));
        const char *state = json_string_value(json_object_get(app, "state"));
        /* What is kept of one that was uninstalled goes only with --purge. */
        if (name != NULL && (setup->purge || state == NULL || strcmp(state, "kept") != 0))
            APR_ARRAY_PUSH(found, const char *) = apr_pstrdup(setup->p, name);
    }
    json_decref(answer);
    APR_ARRAY_PUSH(found, const char *) = NULL;
    *names = (const char *const *)found->elts;
    return status;
}

apr_status_t aphd_daemon_uninstall(const aphd_setup_t *setup, const char *name, aph_error_t *err)
{
    json_t *answer;
    apr_status_t status =
        ask(setup, "uninstall", json_pack("{s:s, s:b}", "name", name, "purge", (int)setup->purge),
            &answer, err);
    json_decref(answer);
    if (status != APR_SUCCESS)
        aph_error_wrap(err, "%s cannot be uninstalled", name);
    return status;
}
