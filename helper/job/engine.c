/* SPDX-License-Identifier: Apache-2.0 */
/* The transport of the Engine API: libcurl over the Unix socket, versions, bounded bodies, and
 * failures turned into sentences. What is asked of the engine stands in engine_*.c. */
#include "helper/job/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <curl/curl.h>

#include "helper/base/job_wire.h"

#define NEWEST_MINOR 47 /* the newest API version these calls were written against: 1.47 */
#define PING_SECONDS 10
#define DOUBT        apr_time_from_sec(5) /* a call this long in silence: does the engine live? */

struct aphd_engine_t {
    CURLM *multi;
    const char *socket;
    const aphd_halt_t *halt;
    char base[32]; /* "http://engine/v1.41" */
    int minor;     /* from the Api-Version header of /_ping */
    aphd_engine_facts_t facts;
};

struct aphd_stream_t {
    aphd_engine_t *engine;
    CURL *easy;
    struct curl_slist *headers;
    char *sent;            /* the encoded body */
    aphd_octets_cb *octets_cb;
    void *baton;
    char *kept;            /* the answer, where it is not handed on; malloc'd */
    size_t length, room;
    apr_status_t stopped;  /* why octets_cb ended it */
    CURLcode result;
    unsigned done : 1;
    unsigned too_large : 1;
};

static apr_status_t close_engine(void *data)
{
    aphd_engine_t *engine = data;
    curl_multi_cleanup(engine->multi);
    return APR_SUCCESS;
}

static int keep(aphd_stream_t *stream, const char *octets, size_t length)
{
    if (length > APHD_ENGINE_BODY_MAX - stream->length) {
        stream->too_large = 1;
        return 0;
    }
    if (stream->length + length + 1 > stream->room) {
        size_t room = 2 * (stream->length + length) + 1024;
        char *larger = realloc(stream->kept, room);
        if (larger == NULL)
            return 0;
        stream->kept = larger;
        stream->room = room;
    }
    memcpy(stream->kept + stream->length, octets, length);
    stream->length += length;
    return 1;
}

static size_t body_cb(char *octets, size_t one, size_t length, void *data)
{
    aphd_stream_t *stream = data;
    long http = 0;
    curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &http);
    if (stream->octets_cb == NULL || http >= 300)
        return keep(stream, octets, length) ? length : CURL_WRITEFUNC_ERROR;
    stream->stopped = stream->octets_cb(stream->baton, octets, length);
    return stream->stopped == APR_SUCCESS ? length : CURL_WRITEFUNC_ERROR;
}

/* Only /_ping is read for them; the headers are the same on every answer. The second one is Podman's
 * alone. */
static size_t header_cb(char *line, size_t one, size_t length, void *data)
{
    static const char version[] = "Api-Version: 1.", podman[] = "Libpod-Api-Version:";
    aphd_engine_t *engine = data;
    if (length > sizeof version && strncasecmp(line, version, sizeof version - 1) == 0)
        engine->minor = atoi(line + sizeof version - 1);
    if (length > sizeof podman && strncasecmp(line, podman, sizeof podman - 1) == 0)
        engine->facts = (aphd_engine_facts_t){.tells_layers = 1, .keeps_ports = 1,
                                                .restarts_at_once = 1};
    return length;
}

static apr_status_t prepare(aphd_stream_t *stream, const aphd_call_t *call, aph_error_t *err)
{
    CURL *easy = stream->easy;
    char url[4096];
    int length = snprintf(url, sizeof url, "%s%s", stream->engine->base, call->path);
    if (length < 0 || (size_t)length >= sizeof url)
        return aph_error_set(err, APH_EINTERNAL, 1020, "an engine call is too long");
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, stream->engine->socket);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* the environment has no say */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)call->seconds);
    if (call->quiet_seconds > 0) {
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)call->quiet_seconds);
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_cb);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_cb);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, stream->engine);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, stream);
    if (strcmp(call->method, "POST") == 0) {
        stream->sent = call->body != NULL ? json_dumps(call->body, JSON_COMPACT) : strdup("");
        stream->headers = curl_slist_append(NULL, "Content-Type: application/json");
        if (stream->sent == NULL || stream->headers == NULL)
            return APR_ENOMEM;
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, stream->headers);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, stream->sent);
    }
    return APR_SUCCESS;
}

static void release(aphd_stream_t *stream)
{
    if (stream->easy != NULL)
        curl_multi_remove_handle(stream->engine->multi, stream->easy);
    curl_easy_cleanup(stream->easy);
    curl_slist_free_all(stream->headers);
    free(stream->sent);
    free(stream->kept);
    free(stream);
}

apr_status_t aphd_stream_begin(aphd_engine_t *engine, const aphd_call_t *call,
                               aphd_stream_t **stream, aph_error_t *err)
{
    *stream = calloc(1, sizeof **stream);
    if (*stream == NULL)
        return APR_ENOMEM;
    (*stream)->engine = engine;
    (*stream)->octets_cb = call->octets_cb;
    (*stream)->baton = call->baton;
    (*stream)->easy = curl_easy_init();
    apr_status_t status = (*stream)->easy != NULL ? prepare(*stream, call, err) : APR_ENOMEM;
    if (status == APR_SUCCESS && curl_multi_add_handle(engine->multi, (*stream)->easy) != CURLM_OK)
        status = aph_error_set(err, APH_EINTERNAL, 1021, "cannot begin an engine call");
    if (status != APR_SUCCESS) {
        release(*stream);
        *stream = NULL;
    }
    return status;
}

/* Waits first and moves on afterwards: what a callback learns is acted upon at once. A stream that
 * was just begun makes curl's wait return immediately. */
apr_status_t aphd_engine_pump(aphd_engine_t *engine, int milliseconds, aph_error_t *err)
{
    struct curl_waitfd extra[2] = {
        {.fd = engine->halt->peer_fd, .events = CURL_WAIT_POLLIN},
        {.fd = engine->halt->signal_fd, .events = CURL_WAIT_POLLIN},
    };
    CURLMsg *message;
    int running, left;
    curl_multi_poll(engine->multi, extra, engine->halt->heedless ? 1 : 2, milliseconds, NULL);
    curl_multi_perform(engine->multi, &running);
    while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
        char *owner = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        aphd_stream_t *stream = (aphd_stream_t *)(void *)owner;
        stream->result = message->data.result;
        stream->done = 1;
    }
    return aphd_halt_check(engine->halt, err);
}

const aphd_engine_facts_t *aphd_engine_facts(const aphd_engine_t *engine)
{
    return &engine->facts;
}

int aphd_stream_done(const aphd_stream_t *stream)
{
    return stream->done;
}

/* Where the engine could not be talked to: the cause, and what to do. */
static apr_status_t unreachable(const aphd_stream_t *stream, aph_error_t *err)
{
    const char *socket = stream->engine->socket;
    long cause = 0;
    curl_easy_getinfo(stream->easy, CURLINFO_OS_ERRNO, &cause);
    if (stream->result == CURLE_OPERATION_TIMEDOUT)
        return aph_error_set(err, APH_EENGINE, 1022, "the container engine at %s accepted the call "
                             "and did not answer in time; look at its log, and restart it if it "
                             "hangs", socket);
    if (stream->result != CURLE_COULDNT_CONNECT)
        return aph_error_set(err, APH_EENGINE, 1023, "the container engine at %s ended the "
                             "connection (%s); it may be restarting: try again when `docker info` "
                             "answers", socket, curl_easy_strerror(stream->result));
    if (cause == ENOENT)
        return aph_error_set(err, APH_EENGINE, 1024, "no container engine: there is no socket %s; "
                             "install docker.io or start it (systemctl start docker, or podman.socket), or "
                             "set Socket in section [engine]",
                             socket);
    if (cause == EACCES || cause == EPERM)
        return aph_error_set(err, APH_EENGINE, 1025, "no permission to use the container engine's "
                             "socket %s; apphostd must run as root", socket);
    return aph_error_set(err, APH_EENGINE, 1026, "the container engine is not running: nothing "
                         "listens at %s; start it (systemctl start docker, or podman.socket)", socket);
}

static void read_body(aphd_stream_t *stream, aphd_answer_t *answer)
{
    if (stream->length == 0)
        return;
    stream->kept[stream->length] = '\0';
    answer->body = json_loadb(stream->kept, stream->length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (answer->status < 400)
        return;
    const char *said = json_string_value(json_object_get(answer->body, "message"));
    snprintf(answer->message, sizeof answer->message, "%s", said != NULL ? said : stream->kept);
    for (char *at = answer->message; *at != '\0'; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
}

apr_status_t aphd_stream_end(aphd_stream_t *stream, aphd_answer_t *answer, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    if (stream->stopped != APR_SUCCESS)
        status = stream->stopped;
    else if (stream->too_large)
        status = aph_error_set(err, APH_EENGINE, 1027, "the container engine's answer is larger "
                               "than %u octets", APHD_ENGINE_BODY_MAX);
    else if (stream->done && stream->result != CURLE_OK)
        status = unreachable(stream, err);
    if (status == APR_SUCCESS && answer != NULL) {
        curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &answer->status);
        read_body(stream, answer);
    }
    release(stream);
    return status;
}

/* Any answer will do, even a refusal. */
apr_status_t aphd_engine_alive(aphd_engine_t *engine, aph_error_t *err)
{
    aphd_call_t ping = {.method = "GET", .path = "/_ping", .seconds = PING_SECONDS};
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, &ping, &answer, err);
    aphd_answer_clear(&answer);
    return status;
}

/* Stopping a container may rightly take minutes. An engine that hangs is told from a busy one by a
 * ping beside the call, so that nobody waits minutes for it. */
static apr_status_t await(aphd_engine_t *engine, const aphd_call_t *call,
                          const aphd_stream_t *stream, aph_error_t *err)
{
    apr_time_t doubted = apr_time_now();
    apr_status_t status = APR_SUCCESS;
    while (status == APR_SUCCESS && !aphd_stream_done(stream)) {
        status = aphd_engine_pump(engine, (int)apr_time_as_msec(DOUBT), err);
        if (status != APR_SUCCESS || call->seconds <= PING_SECONDS
            || apr_time_now() - doubted < DOUBT)
            continue;
        status = aphd_engine_alive(engine, err);
        doubted = apr_time_now();
    }
    return status;
}

apr_status_t aphd_engine_call(aphd_engine_t *engine, const aphd_call_t *call,
                              aphd_answer_t *answer, aph_error_t *err)
{
    aphd_stream_t *stream;
    memset(answer, 0, sizeof *answer);
    apr_status_t status = aphd_stream_begin(engine, call, &stream, err);
    if (status != APR_SUCCESS)
        return status;
    status = await(engine, call, stream, err);
    if (status != APR_SUCCESS) {
        aph_error_t unheard = APH_ERROR_INIT;
        aphd_stream_end(stream, NULL, &unheard);
        return status;
    }
    return aphd_stream_end(stream, answer, err);
}

void aphd_answer_clear(aphd_answer_t *answer)
{
    json_decref(answer->body);
    answer->body = NULL;
}

apr_status_t aphd_answer_check(const aphd_answer_t *answer, const char *doing, aph_error_t *err)
{
    if (answer->status < 400)
        return APR_SUCCESS;
    if (strstr(answer->message, "no space left on device") != NULL)
        return aph_error_set(err, APH_ENOSPACE, 1028, "the disk of the container engine is full "
                             "(it could not %s); free some space, for example with `docker system "
                             "df` and `docker image prune`", doing);
    return aph_error_set(err, answer->status == 404 ? APH_ENOTFOUND : APH_EENGINE, 1029,
                         "the container engine did not %s: %s", doing,
                         answer->message[0] != '\0' ? answer->message : "it gave no reason");
}

apr_status_t aphd_engine_get(aphd_engine_t *engine, const char *path, const char *doing,
                             json_t **body, aph_error_t *err)
{
    aphd_call_t call = {.method = "GET", .path = path, .seconds = 60};
    aphd_answer_t answer;
    *body = NULL;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    if (status == APR_SUCCESS)
        status = aphd_answer_check(&answer, doing, err);
    if (status == APR_SUCCESS && answer.body == NULL)
        status = aph_error_set(err, APH_EENGINE, 1030, "the container engine's answer is not JSON "
                               "(it was asked to %s)", doing);
    if (status == APR_SUCCESS)
        *body = json_incref(answer.body);
    aphd_answer_clear(&answer);
    return status;
}

const char *aphd_engine_escape(aphd_engine_t *engine, const char *text, apr_pool_t *p)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    const char *copy = apr_pstrdup(p, escaped != NULL ? escaped : "");
    curl_free(escaped);
    return copy;
}

/* /_ping has no version in its path and names the newest one the engine speaks. */
static apr_status_t settle_version(aphd_engine_t *engine, aph_error_t *err)
{
    aphd_call_t ping = {.method = "GET", .path = "/_ping", .seconds = PING_SECONDS};
    aphd_answer_t answer;
    snprintf(engine->base, sizeof engine->base, "http://engine");
    apr_status_t status = aphd_engine_call(engine, &ping, &answer, err);
    if (status == APR_SUCCESS)
        status = aphd_answer_check(&answer, "answer a ping", err);
    aphd_answer_clear(&answer);
    if (status != APR_SUCCESS)
        return status;
    if (engine->minor < APHD_ENGINE_API_MINOR)
        return aph_error_set(err, APH_EENGINE, 1031, "the container engine at %s speaks API "
                             "version 1.%d and 1.%d is needed; use Docker 20.10, podman 4, or newer",
                             engine->socket, engine->minor, APHD_ENGINE_API_MINOR);
    snprintf(engine->base, sizeof engine->base, "http://engine/v1.%d",
             engine->minor < NEWEST_MINOR ? engine->minor : NEWEST_MINOR);
    return APR_SUCCESS;
}

apr_status_t aphd_engine_open(aphd_engine_t **engine, const char *socket, const aphd_halt_t *halt,
                              apr_pool_t *p, aph_error_t *err)
{
    *engine = apr_pcalloc(p, sizeof **engine);
    (*engine)->socket = apr_pstrdup(p, socket);
    (*engine)->halt = halt;
    (*engine)->multi = curl_multi_init();
    if ((*engine)->multi == NULL)
        return APR_ENOMEM;
    apr_pool_cleanup_register(p, *engine, close_engine, apr_pool_cleanup_null);
    return settle_version(*engine, err);
}
