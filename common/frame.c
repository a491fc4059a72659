/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on a socket. Encode and decode mirror each other; running off any end is a status. */
#include "common/frame.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void aph_frame_reader_init(aph_frame_reader_t *reader, size_t limit)
{
    memset(reader, 0, sizeof *reader);
    reader->limit = limit;
}

void aph_frame_reader_clear(aph_frame_reader_t *reader)
{
    free(reader->body);
    reader->body = NULL;
    reader->have = 0;
    reader->length = 0;
}

int aph_frame_reader_partial(const aph_frame_reader_t *reader)
{
    return reader->have > 0;
}

/* A peer may attach descriptors to its octets. They are received close-on-exec and closed here, so
 * that nobody can fill our table with them. */
static void close_passed(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int passed;
            memcpy(&passed, CMSG_DATA(c) + i * sizeof passed, sizeof passed);
            close(passed);
        }
    }
}

/* One read of at most want octets. Works on sockets, and on pipes for programs that are handed
 * one. */
static ssize_t receive(int fd, void *into, size_t want)
{
    char control[CMSG_SPACE(sizeof(int) * 253)];
    struct iovec vector = {into, want};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == ENOTSOCK)
        return read(fd, into, want);
    if (got >= 0)
        close_passed(&message);
    return got;
}

static apr_status_t receive_status(ssize_t got, const aph_frame_reader_t *reader, aph_error_t *err)
{
    if (got > 0)
        return APR_SUCCESS;
    int closed = got == 0 || errno == ECONNRESET; /* reset: it left something of ours unread */
    if (closed && reader->have == 0)
        return APR_EOF;
    if (closed)
        return aph_error_set(err, APH_EUSAGE, 70, "the connection closed inside a frame");
    if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
        return APR_EAGAIN;
    return aph_error_set(err, APR_FROM_OS_ERROR(errno), 71, "cannot read from the socket: %s",
                         strerror(errno));
}

/* The head is whole: judge the length before anything is allocated for it. */
static apr_status_t begin_body(aph_frame_reader_t *reader, aph_error_t *err)
{
    uint32_t length;
    memcpy(&length, reader->head, sizeof length);
    length = ntohl(length);
    if (length == 0)
        return aph_error_set(err, APH_EUSAGE, 72, "a frame of length 0");
    if (length > reader->limit)
        return aph_error_set(err, APH_ETOOLARGE, 73,
                             "a frame of %u octets; at most %zu are taken", length, reader->limit);
    reader->length = length;
    reader->body = malloc(length);
    if (reader->body == NULL)
        return aph_error_set(err, APR_ENOMEM, 74, "no memory for a frame of %u octets", length);
    return APR_SUCCESS;
}

apr_status_t aph_frame_read(aph_frame_reader_t *reader, int fd, json_t **frame, aph_error_t *err)
{
    *frame = NULL;
    int in_head = reader->have < sizeof reader->head;
    char *into = in_head ? (char *)reader->head + reader->have
                         : reader->body + (reader->have - sizeof reader->head);
    size_t want = in_head ? sizeof reader->head - reader->have
                          : reader->length + sizeof reader->head - reader->have;
    ssize_t got = receive(fd, into, want);
    apr_status_t status = receive_status(got, reader, err);
    if (status != APR_SUCCESS)
        return status;

    reader->have += (size_t)got;
    if (reader->have < sizeof reader->head)
        return APR_EAGAIN;
    if (reader->body == NULL) {
        status = begin_body(reader, err);
        return status == APR_SUCCESS ? APR_EAGAIN : status;
    }
    if (reader->have < sizeof reader->head + reader->length)
        return APR_EAGAIN;
    status = aph_frame_decode(reader->body, reader->length, frame, err);
    aph_frame_reader_clear(reader);
    return status;
}

static size_t depth_of(const char *body, size_t length)
{
    size_t depth = 0, deepest = 0;
    int in_string = 0;
    for (size_t i = 0; i < length; i++) {
        if (in_string) {
            if (body[i] == '\\')
                i++;
            else if (body[i] == '"')
                in_string = 0;
        } else if (body[i] == '"') {
            in_string = 1;
        } else if (body[i] == '{' || body[i] == '[') {
            deepest = ++depth > deepest ? depth : deepest;
        } else if ((body[i] == '}' || body[i] == ']') && depth > 0) {
            depth--;
        }
    }
    return deepest;
}

apr_status_t aph_frame_decode(const char *body, size_t length, json_t **frame, aph_error_t *err)
{
    *frame = NULL;
    if (depth_of(body, length) > APH_JSON_DEPTH_MAX)
        return aph_error_set(err, APH_EUSAGE, 75, "JSON nested deeper than %d",
                             APH_JSON_DEPTH_MAX);
    json_error_t json_error;
    json_t *value = json_loadb(body, length, JSON_REJECT_DUPLICATES, &json_error);
    if (value == NULL)
        return aph_error_set(err, APH_EUSAGE, 76, "not JSON at octet %d: %s",
                             json_error.position, json_error.text);
    if (!json_is_object(value)) {
        json_decref(value);
        return aph_error_set(err, APH_EUSAGE, 77, "a frame must hold a JSON object");
    }
    *frame = value;
    return APR_SUCCESS;
}

apr_status_t aph_frame_encode(const json_t *object, size_t limit, char **octets, size_t *length,
                              aph_error_t *err)
{
    *octets = NULL;
    size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
    if (size == 0)
        return aph_error_set(err, APH_EINTERNAL, 78, "a value cannot be written as JSON");
    if (size > limit)
        return aph_error_set(err, APH_ETOOLARGE, 79,
                             "a frame of %zu octets would be needed; at most %zu are taken", size,
                             limit);
    char *whole = malloc(size + sizeof(uint32_t));
    if (whole == NULL)
        return aph_error_set(err, APR_ENOMEM, 80, "no memory for a frame of %zu octets", size);
    uint32_t head = htonl((uint32_t)size);
    memcpy(whole, &head, sizeof head);
    json_dumpb(object, whole + sizeof head, size, JSON_COMPACT);
    *octets = whole;
    *length = size + sizeof head;
    return APR_SUCCESS;
}

/* MSG_NOSIGNAL keeps a vanished peer from ending us; pipes need SIGPIPE ignored by their owner. */
static ssize_t transmit(int fd, const char *from, size_t count)
{
    ssize_t sent = send(fd, from, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == ENOTSOCK)
        return write(fd, from, count);
    return sent;
}

apr_status_t aph_frame_write(int fd, const json_t *object, size_t limit, aph_error_t *err)
{
    char *octets;
    size_t length = 0;
    apr_status_t status = aph_frame_encode(object, limit, &octets, &length, err);
    if (status != APR_SUCCESS)
        return status;
    size_t sent = 0;
    while (sent < length && status == APR_SUCCESS) {
        ssize_t n = transmit(fd, octets + sent, length - sent);
        if (n >= 0)
            sent += (size_t)n;
        else if (errno == EPIPE || errno == ECONNRESET)
            status = aph_error_set(err, APR_EOF, 81, "the other side closed the connection");
        else if (errno != EINTR)
            status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 82,
                                   "cannot write to the socket: %s", strerror(errno));
    }
    free(octets);
    return status;
}

apr_status_t aph_frame_wait(aph_frame_reader_t *reader, int fd, json_t **frame, aph_error_t *err)
{
    apr_status_t status;
    do {
        status = aph_frame_read(reader, fd, frame, err);
    } while (status == APR_EAGAIN);
    return status;
}

json_t *aph_frame_error(const aph_error_t *err)
{
    const char *message = err->message[0] != '\0' ? err->message : aph_error_sentence(err->status);
    return json_pack("{s:s, s:s, s:s}", "code", aph_error_wire(err->status), "tag", err->tag,
                     "message", message);
}
