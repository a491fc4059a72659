/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of reading: start, hand over, wait no longer than agreed, believe little. */
#include "helper/read/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "common/child.h"
#include "common/utf8.h"
#include "helper/read/answer_form.h"
#include "helper/read/entry_table.h"
#include "helper/read/read_wire.h"

/* A request on its way. */
typedef struct sending_t {
    char *head; /* the request frame, malloc'd */
    size_t head_length;
    const aphd_reading_t *reading;
    size_t sent; /* octets of head and text that are gone */
} sending_t;

long long aphd_exchange_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *kind_name(aphd_reader_kind_t kind)
{
    static const char *const names[] = {
        [APHD_READ_INSTALL] = "install",   [APHD_READ_UNINSTALL] = "uninstall",
        [APHD_READ_COMPOSE] = "compose",   [APHD_READ_MANIFEST] = "manifest",
        [APHD_READ_IMAGE] = "image",       [APHD_READ_CHALLENGE] = "challenge",
        [APHD_READ_TOKEN] = "token",       [APHD_READ_ENTRY] = "entry",
        [APHD_READ_APPLY] = "apply",       [APHD_READ_INDEX] = "index",
    };
    return names[kind];
}

static size_t most_of(aphd_reader_kind_t kind)
{
    if (kind == APHD_READ_INDEX)
        return APH_INDEX_MAX;
    return kind >= APHD_READ_MANIFEST && kind <= APHD_READ_TOKEN ? APH_MANIFEST_MAX
                                                                 : APH_FOREIGN_MAX;
}

static size_t answer_max(aphd_reader_kind_t kind)
{
    return kind == APHD_READ_INDEX ? APHD_READ_INDEX_MAX : APHD_READ_ANSWER_MAX;
}

static apr_status_t encode_request(sending_t *sending, aph_error_t *err)
{
    static const aphd_words_t none;
    const aphd_reading_t *reading = sending->reading;
    const aphd_words_t *words = reading->words != NULL ? reading->words : &none;
    json_t *request =
        json_pack("{s:s,s:I,s:s,s:O*,s:{s:s*,s:s*,s:s*,s:s*,s:s*,s:s*,s:s*}}", "kind",
                  kind_name(reading->kind), "length", (json_int_t)reading->length, "form",
                  aphd_form_name(reading->form), "answers", reading->answers, "words", "HOST_PORT",
                  words->host_port, "WEBAPP_PATH", words->webapp_path, "APP_IDENTIFIER",
                  words->app_identifier, "APP_HOSTNAME", words->app_hostname, "name",
                  words->app_name, "url", words->app_url, "domain", words->app_domain);
    apr_status_t rv = aph_frame_encode(request, APHD_READ_REQUEST_MAX, &sending->head,
                                       &sending->head_length, err);
    json_decref(request);
    return rv;
}

apr_status_t aphd_exchange_fits(const aphd_reading_t *reading, aph_error_t *err)
{
    if (reading->length <= most_of(reading->kind))
        return APR_SUCCESS;
    return aph_error_set(err, APH_EUNREADABLE, 538, "%zu octets; at most %zu are read",
                         reading->length, most_of(reading->kind));
}

/* The program is opened here and run by its descriptor: the child has nobody's rights by then, and
 * could not walk through a folder that only we may enter. */
apr_status_t aphd_exchange_start(aphd_exchange_t *x, aph_error_t *err)
{
    x->fd = -1;
    int program = open(APHD_READ_PROGRAM, O_RDONLY | O_CLOEXEC);
    if (program < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 530, "cannot start %s: %s",
                             APHD_READ_PROGRAM, strerror(errno));
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        int cause = errno;
        close(program);
        return aph_error_set(err, APR_FROM_OS_ERROR(cause), 531, "cannot make a socket pair: %s",
                             strerror(cause));
    }
    static const char *const argv[] = {"/proc/self/fd/3", NULL};
    aph_child_spec_t spec = {.argv = argv,
                             .fds = {pair[1], pair[1], -1, program},
                             .dies_with_parent = 1,
                             .own_session = 1,
                             .unprivileged = 1};
    apr_status_t rv = aph_child_start(&spec, &x->pid, err);
    close(pair[1]);
    close(program);
    x->fd = pair[0];
    if (rv == APR_SUCCESS && fcntl(x->fd, F_SETFL, O_NONBLOCK) != 0) {
        int unused;
        rv = aph_error_set(err, APR_FROM_OS_ERROR(errno), 532, "cannot prepare the socket");
        aphd_exchange_end(x, APR_TIMEUP, 0, &unused);
    } else if (rv != APR_SUCCESS) {
        close(x->fd);
        x->fd = -1;
    }
    if (rv != APR_SUCCESS && err != NULL)
        aph_error_wrap(err, "%s", APHD_READ_PROGRAM);
    return rv;
}

/* Sends as much as the socket takes, head and text in one: each call may wake the child. One that
 * is gone already is noticed when reading. */
static void send_some(const aphd_exchange_t *x, sending_t *sending)
{
    size_t head = sending->head_length, text = sending->reading->length, sent = sending->sent;
    size_t of_head = sent < head ? sent : head, of_text = sent - of_head;
    struct iovec parts[] = {{sending->head + of_head, head - of_head},
                            {(char *)(uintptr_t)sending->reading->text + of_text, text - of_text}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t put = sendmsg(x->fd, &message, MSG_NOSIGNAL);
    if (put > 0)
        sending->sent += (size_t)put;
    else if (put < 0 && errno != EAGAIN && errno != EINTR)
        sending->sent = head + text;
}

/* Until the answer is whole, the child is gone (APR_EOF) or the time is up (APR_TIMEUP). */
static apr_status_t converse(const aphd_exchange_t *x, sending_t *sending,
                             aph_frame_reader_t *reader, long long deadline_ms, json_t **answer,
                             aph_error_t *said)
{
    for (;;) {
        long long left = deadline_ms - aphd_exchange_now_ms();
        if (left <= 0)
            return APR_TIMEUP;
        int more = sending->sent < sending->head_length + sending->reading->length;
        if (more)
            send_some(x, sending);
        more = sending->sent < sending->head_length + sending->reading->length;
        struct pollfd wait = {.fd = x->fd, .events = (short)(POLLIN | (more ? POLLOUT : 0))};
        if (poll(&wait, 1, (int)left) < 0 && errno != EINTR)
            return APR_EGENERAL;
        if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) == 0)
            continue;
        apr_status_t rv = aph_frame_read(reader, x->fd, answer, said);
        if (rv != APR_EAGAIN)
            return rv;
    }
}

apr_status_t aphd_exchange_ask(aphd_exchange_t *x, const aphd_reading_t *reading,
                               long long deadline_ms, json_t **answer, aph_error_t *said)
{
    sending_t sending = {.reading = reading};
    aph_frame_reader_t reader;
    *answer = NULL;
    apr_status_t rv = encode_request(&sending, said);
    if (rv != APR_SUCCESS)
        return rv;
    aph_frame_reader_init(&reader, answer_max(reading->kind));
    rv = converse(x, &sending, &reader, deadline_ms, answer, said);
    aph_frame_reader_clear(&reader);
    free(sending.head);
    return rv;
}

/* One that gave an answer is not needed any more; the
 * others may end by themselves while there is time, because how they end is the explanation. */
apr_status_t aphd_exchange_end(aphd_exchange_t *x, apr_status_t rv, long long deadline_ms,
                               int *exit_code)
{
    close(x->fd); /* ends a child that still reads or writes */
    x->fd = -1;
    int pidfd = rv != APR_SUCCESS && rv != APR_TIMEUP ? pidfd_open(x->pid, 0) : -1;
    if (pidfd >= 0) {
        struct pollfd end = {.fd = pidfd, .events = POLLIN};
        long long left;
        while (end.revents == 0 && (left = deadline_ms - aphd_exchange_now_ms()) > 0)
            if (poll(&end, 1, (int)left) < 0 && errno != EINTR)
                break;
        if (end.revents == 0)
            rv = APR_TIMEUP;
        close(pidfd);
    }
    kill(x->pid, SIGKILL);
    aph_child_wait(x->pid, exit_code, NULL);
    return rv;
}

apr_status_t aphd_exchange_explain(const aphd_reading_t *reading, apr_status_t rv, int exit_code,
                                   const aph_error_t *said, aph_error_t *err)
{
    if (rv == APR_TIMEUP)
        return aph_error_set(err, APH_EUNREADABLE, 533,
                             "the reader did not finish within %g s; the text is too much for it",
                             reading->milliseconds / 1000.0);
    if (said->status == APH_ETOOLARGE)
        return aph_error_set(err, APH_EUNREADABLE, 539, "the reader's answer is too long: %s",
                             said->message);
    if (exit_code == APHD_READ_EXIT_MEMORY)
        return aph_error_set(err, APH_EUNREADABLE, 534,
                             "the reader ran out of its memory; the text is too much for it");
    if (exit_code != 0)
        return aph_error_set(err, APH_EUNREADABLE, 535, "the reader broke down on this text (%s%d)",
                             exit_code > 128 ? "signal " : "exit status ",
                             exit_code > 128 ? exit_code - 128 : exit_code);
    return aph_error_set(err, APH_EUNREADABLE, 536, "the reader gave no answer: %s",
                         said->status != APR_SUCCESS ? said->message : "it closed the connection");
}

/* A message of a process that saw foreign text, for a terminal. */
static const char *clean(const char *message, char *room, size_t size)
{
    size_t length = strlen(message), made = 0;
    for (size_t i = 0, step; i < length && made + 4 < size; i += step) {
        unsigned long point = 0;
        step = aph_utf8_decode(message + i, length - i, &point);
        if (step == 0 || !aphd_plain_point(point) || point == '\n') {
            room[made++] = '?';
            step += step == 0;
            continue;
        }
        memcpy(room + made, message + i, step);
        made += step;
    }
    room[made] = '\0';
    return room;
}

apr_status_t aphd_exchange_take(aphd_reader_kind_t kind, json_t *answer, json_t **normal,
                                aph_error_t *err)
{
    char room[APH_ERROR_TEXT_MAX];
    json_t *ok = json_object_get(answer, "ok");
    if (json_is_object(ok)) {
        apr_status_t status = aphd_answer_form_check(kind, ok, err);
        if (status == APR_SUCCESS)
            *normal = json_incref(ok);
        return status;
    }
    const char *message = json_string_value(json_object_get(answer, "message"));
    const char *code = json_string_value(json_object_get(answer, "code"));
    const char *tag = json_string_value(json_object_get(answer, "tag"));
    if (message == NULL)
        return aph_error_set(err, APH_EUNREADABLE, 537, "the reader's answer is none");
    /* Whatever it calls its failure, to us the text was not read; but that an entry is one, and
     * wants what no app gets, is for people to know. */
    int denied = (kind == APHD_READ_ENTRY || kind == APHD_READ_APPLY) && code != NULL
                 && strcmp(code, aph_error_wire(APH_EDENIED)) == 0;
    return aph_error_receive(err, aph_error_wire(denied ? APH_EDENIED : APH_EUNREADABLE),
                             tag != NULL && strspn(tag, "APH0123456789") == strlen(tag) ? tag : "",
                             clean(message, room, sizeof room));
}
