/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-read: reads one foreign text and says what it means. Started by aphd_reader_run with
 * one socket as standard input and output; the wire is read_wire.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>

#include "common/frame.h"
#include "common/utf8.h"
#include "helper/read/compose_normal.h"
#include "helper/read/entry.h"
#include "helper/read/index_text.h"
#include "helper/read/read_wire.h"
#include "helper/read/registry_text.h"
#include "helper/read/sandbox.h"
#include "helper/read/script.h"
#include "helper/read/text_check.h"
#include "helper/read/words.h"

/* Out of memory must not look like a shorter text: jansson would only leave values out. */
static void *must_allocate(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL)
        _exit(APHD_READ_EXIT_MEMORY);
    return memory;
}

static int pool_out_of_memory(int status)
{
    _exit(APHD_READ_EXIT_MEMORY);
}

/* Fills all of the buffer from standard input; zero when it ends early. */
static int read_whole(char *into, size_t want)
{
    while (want > 0) {
        ssize_t got = read(STDIN_FILENO, into, want);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        into += got;
        want -= (size_t)got;
    }
    return 1;
}

static void write_whole(const char *octets, size_t left)
{
    while (left > 0) {
        ssize_t put = write(STDOUT_FILENO, octets, left);
        if (put < 0 && errno != EINTR)
            return;
        if (put > 0) {
            octets += put;
            left -= (size_t)put;
        }
    }
}

static apr_status_t read_request(json_t **request, char **text, size_t *length, apr_pool_t *p,
                                 aph_error_t *err)
{
    uint32_t head = 0;
    if (!read_whole((char *)&head, sizeof head) || ntohl(head) == 0
        || ntohl(head) > APHD_READ_REQUEST_MAX)
        return aph_error_set(err, APH_EUSAGE, 520, "no request came");
    char *body = apr_palloc(p, ntohl(head));
    if (!read_whole(body, ntohl(head)))
        return aph_error_set(err, APH_EUSAGE, 521, "the request was cut off");
    apr_status_t rv = aph_frame_decode(body, ntohl(head), request, err);
    if (rv != APR_SUCCESS)
        return rv;
    json_int_t size = json_integer_value(json_object_get(*request, "length"));
    if (size < 0 || size > APH_INDEX_MAX)
        return aph_error_set(err, APH_ETOOLARGE, 522, "more text than is read");
    *length = (size_t)size;
    *text = apr_palloc(p, *length + 1);
    if (!read_whole(*text, *length))
        return aph_error_set(err, APH_EUSAGE, 523, "the text was cut off");
    return APR_SUCCESS;
}

static const char *word_of(const json_t *request, const char *name)
{
    return json_string_value(json_object_get(json_object_get(request, "words"), name));
}

static apr_status_t read_compose(const char *text, size_t length, const aphd_words_t *words,
                                 json_t **normal, apr_pool_t *p, aph_error_t *err)
{
    aphd_foreign_t foreign = {text, length, 1};
    /* Before the words, so that no value is taken for the author's text. */
    apr_status_t rv = aphd_text_check(&foreign, APHD_TEXT_STRICT, err);
    if (rv == APR_SUCCESS)
        rv = aphd_words_replace(&foreign, words, &foreign, p, err);
    return rv != APR_SUCCESS ? rv : aphd_compose_read(&foreign, NULL, normal, p, err);
}

static aphd_entry_form_t form_of(const json_t *request)
{
    aphd_entry_form_t form;
    aphd_form_find(json_string_value(json_object_get(request, "form")), &form);
    return form;
}

static const struct {
    const char *kind;
    apr_status_t (*read)(const char *text, size_t length, json_t **normal, aph_error_t *err);
} answers[] = {
    {"manifest", aphd_registry_manifest},
    {"image", aphd_registry_image},
    {"challenge", aphd_registry_challenge},
    {"token", aphd_registry_token},
    {"index", aphd_index_text},
};

static apr_status_t answer(const json_t *request, const char *kind, const char *text, size_t length,
                           json_t **normal, apr_pool_t *p, aph_error_t *err)
{
    aphd_words_t words = {.host_port = word_of(request, "HOST_PORT"),
                          .webapp_path = word_of(request, "WEBAPP_PATH"),
                          .app_identifier = word_of(request, "APP_IDENTIFIER"),
                          .app_hostname = word_of(request, "APP_HOSTNAME"),
                          .app_name = word_of(request, "name"),
                          .app_url = word_of(request, "url"),
                          .app_domain = word_of(request, "domain")};
    if (kind != NULL && strcmp(kind, "install") == 0)
        return aphd_script_install(text, length, &words, normal, p, err);
    if (kind != NULL && strcmp(kind, "uninstall") == 0)
        return aphd_script_uninstall(text, length, &words, normal, p, err);
    if (kind != NULL && strcmp(kind, "compose") == 0)
        return read_compose(text, length, &words, normal, p, err);
    if (kind != NULL && strcmp(kind, "entry") == 0)
        return aphd_entry_read(form_of(request), text, length, normal, p, err);
    if (kind != NULL && strcmp(kind, "apply") == 0)
        return aphd_entry_apply(form_of(request), text, length, json_object_get(request, "answers"),
                                &words, normal, p, err);
    for (size_t i = 0; kind != NULL && i < sizeof answers / sizeof answers[0]; i++)
        if (strcmp(kind, answers[i].kind) == 0)
            return answers[i].read(text, length, normal, err);
    return aph_error_set(err, APH_EUSAGE, 524, "an unknown kind of text");
}

/* A word of foreign text may bring a control character into the message. */
static void mend_message(aph_error_t *err)
{
    size_t length = strlen(err->message);
    for (size_t i = 0; i < length;) {
        unsigned long point = 0;
        size_t step = aph_utf8_decode(err->message + i, length - i, &point);
        if (step == 0 || !aphd_text_printable(point))
            err->message[i] = '?', step = 1;
        i += step;
    }
}

/* A frame as it is written: room for its head, then octets. */
typedef struct growing_t {
    char *whole;
    size_t size, room; /* of the octets alone */
} growing_t;

static int grow(const char *octets, size_t count, void *data)
{
    growing_t *frame = data;
    if (frame->size + count > APHD_READ_INDEX_MAX)
        return -1;
    while (frame->size + count > frame->room) {
        frame->room = frame->room > 0 ? 2 * frame->room : 4096;
        frame->whole = realloc(frame->whole, sizeof(uint32_t) + frame->room);
        if (frame->whole == NULL)
            _exit(APHD_READ_EXIT_MEMORY);
    }
    memcpy(frame->whole + sizeof(uint32_t) + frame->size, octets, count);
    frame->size += count;
    return 0;
}

/* aph_frame_encode in one pass instead of two: a refresh has thousands of answers written, and
 * looking for cycles makes writing the dearest part of one. */
static apr_status_t encode(const json_t *object, char **octets, size_t *length, aph_error_t *err)
{
    growing_t frame = {.whole = NULL};
    if (json_dump_callback(object, grow, &frame, JSON_COMPACT) != 0) {
        free(frame.whole);
        return aph_error_set(err, APH_ETOOLARGE, 2723, "what it says takes more than %d octets",
                             APHD_READ_INDEX_MAX);
    }
    uint32_t head = htonl((uint32_t)frame.size);
    memcpy(frame.whole, &head, sizeof head);
    *octets = frame.whole;
    *length = sizeof head + frame.size;
    return APR_SUCCESS;
}

/* Takes normal, which may be NULL: then err says why. */
static void send_answer(json_t *normal, aph_error_t *err)
{
    char *octets = NULL;
    size_t length = 0;
    json_t *frame = normal != NULL ? json_pack("{s:o}", "ok", normal) : NULL;
    if (frame == NULL || encode(frame, &octets, &length, err) != APR_SUCCESS) {
        json_decref(frame);
        mend_message(err);
        frame = aph_frame_error(err);
        if (aph_frame_encode(frame, APHD_READ_ANSWER_MAX, &octets, &length, NULL) != APR_SUCCESS)
            length = 0;
    }
    write_whole(octets, length);
    json_decref(frame);
    free(octets);
}

/* One text. Nonzero where another may follow. */
static int serve(apr_pool_t *p)
{
    aph_error_t err = APH_ERROR_INIT;
    json_t *normal = NULL, *request = NULL;
    char *text = NULL;
    size_t length = 0;
    int more = 0;
    if (read_request(&request, &text, &length, p, &err) == APR_SUCCESS) {
        const char *kind = json_string_value(json_object_get(request, "kind"));
        more = kind != NULL && strcmp(kind, "entry") == 0;
        answer(request, kind, text, length, &normal, p, &err);
    }
    send_answer(normal, &err);
    json_decref(request);
    return more;
}

int main(void)
{
    aph_error_t err = APH_ERROR_INIT;
    apr_pool_t *p = NULL;
    apr_initialize();
    json_set_alloc_funcs(must_allocate, free);
    json_object_seed(0); /* reads a file, which the sandbox forbids */
    if (apr_pool_create_ex(&p, NULL, pool_out_of_memory, NULL) != APR_SUCCESS
        || aphd_sandbox_enter(&err) != APR_SUCCESS)
        send_answer(NULL, &err);
    else
        while (serve(p))
            apr_pool_clear(p);
    /* Nothing is left to flush, and handlers of exit would only meet the filter. */
    _exit(0);
}
