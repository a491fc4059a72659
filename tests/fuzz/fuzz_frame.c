/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as the body of a frame, and as a stream of frames. What is taken can be written again
 * and reads the same; the stream ends in one of the ways the header names. What is a request is held
 * against the table of operations, too: its arguments are taken, or refused with a sentence. */
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void must(int condition)
{
    if (!condition)
        abort();
}

static size_t depth(const json_t *value)
{
    size_t deepest = 0, i;
    const char *key;
    json_t *below;
    json_array_foreach(value, i, below)
        deepest = depth(below) > deepest ? depth(below) : deepest;
    json_object_foreach((json_t *)(uintptr_t)value, key, below)
        deepest = depth(below) > deepest ? depth(below) : deepest;
    return deepest + (json_is_array(value) || json_is_object(value));
}

static json_t *check_body(const char *octets, size_t size)
{
    json_t *frame = NULL, *again = NULL;
    char *written;
    size_t length;
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t status = aph_frame_decode(octets, size, &frame, &err);
    must((status == APR_SUCCESS) == (frame != NULL) && err.status == status);
    if (frame == NULL) {
        must(status == APH_EUSAGE && err.message[0] != '\0');
        json_t *answer = aph_frame_error(&err); /* the refusal quotes what came */
        must(answer != NULL);
        json_decref(answer);
        return NULL;
    }
    must(json_is_object(frame) && depth(frame) <= APH_JSON_DEPTH_MAX);
    must(aph_frame_encode(frame, APH_JOB_FRAME_MAX, &written, &length, NULL) == APR_SUCCESS);
    must(aph_frame_decode(written + 4, length - 4, &again, NULL) == APR_SUCCESS);
    must(json_equal(frame, again));
    json_decref(again);
    free(written);
    return frame;
}

/* As apphostd looks at a request: which operation, then whether the arguments are its own. */
static void check_request(const json_t *frame)
{
    aph_error_t err = APH_ERROR_INIT;
    const char *name = json_string_value(json_object_get(frame, "op"));
    const aph_op_t *op = name != NULL ? aph_op_find(name) : NULL;
    if (op == NULL)
        return;
    apr_status_t status = aph_op_check(op, json_object_get(frame, "args"), &err);
    must(status == APR_SUCCESS || (status == APH_EUSAGE && err.message[0] != '\0'));
}

/* Sends head and octets, closes, and reads what comes. Returns the first frame, or NULL. */
static json_t *check_stream(const void *head, size_t head_size, const void *octets, size_t size)
{
    int pair[2];
    json_t *first = NULL, *frame = NULL;
    aph_frame_reader_t reader;
    apr_status_t status;
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    must(send(pair[0], head, head_size, MSG_DONTWAIT) == (ssize_t)head_size);
    must(send(pair[0], octets, size, MSG_DONTWAIT) == (ssize_t)size);
    shutdown(pair[0], SHUT_WR);
    aph_frame_reader_init(&reader, APH_FRAME_MAX);
    while ((status = aph_frame_wait(&reader, pair[1], &frame, NULL)) == APR_SUCCESS)
        if (first == NULL)
            first = frame;
        else
            json_decref(frame);
    must(status == APR_EOF || status == APH_EUSAGE || status == APH_ETOOLARGE);
    aph_frame_reader_clear(&reader);
    close(pair[0]);
    close(pair[1]);
    return first;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    if (size > 32768) /* what a socket takes without a reader */
        return 0;
    json_t *frame = check_body((const char *)octets, size);
    json_decref(check_stream("", 0, octets, size));
    uint32_t head = htonl((uint32_t)size);
    json_t *streamed = check_stream(&head, sizeof head, octets, size);
    must((frame == NULL) == (streamed == NULL));
    must(frame == NULL || json_equal(frame, streamed));
    check_request(frame);
    json_decref(streamed);
    json_decref(frame);
    return 0;
}
