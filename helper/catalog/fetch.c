/* SPDX-License-Identifier: Apache-2.0 */
/* A few curl handles go through the list side by side; each is set up once. */
#include "helper/catalog/fetch.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <curl/curl.h>

#include "helper/job/report.h"

#define SLOTS         4
#define REDIRECTS_MAX 3
#define CONNECT_MS    10000
#define SLOW_SECONDS  15
#define SLOW_OCTETS   1024 /* a second */
#define HEADER_MAX    4096
#define HEADERS_MAX   100

typedef struct slot_t {
    aphd_origin_t *source;
    aphd_wanted_t *wanted; /* NULL: idle */
    CURL *easy;
    struct curl_slist *headers;
    size_t room;
    int header_count;
    char reason[CURL_ERROR_SIZE];
    unsigned refused : 1;   /* an address or a port that is not gone to */
    unsigned too_large : 1; /* more octets than wanted */
    unsigned flooded : 1;   /* with headers */
    unsigned encoded : 1;   /* it came with a Content-Encoding */
} slot_t;

struct aphd_origin_t {
    aphd_origin_spec_t spec;
    int folder; /* -1: https */
    CURLM *multi;
    slot_t slots[SLOTS];
    struct sockaddr_storage home; /* where the catalog itself was found */
    socklen_t home_length;
};

void aphd_wanted_fail(aphd_wanted_t *wanted, apr_status_t status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(wanted->why, sizeof wanted->why, format, args);
    va_end(args);
    aphd_text_clean(wanted->why);
    free(wanted->octets);
    wanted->octets = NULL;
    wanted->length = 0;
    wanted->status = status;
}

/* --- what curl calls ----------------------------------------------------------------------- */

static int port_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6
         ? ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port)
         : ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

static int is_home(const aphd_origin_t *source, const struct curl_sockaddr *address)
{
    return source->home_length == address->addrlen
        && memcmp(&source->home, &address->addr, address->addrlen) == 0;
}

/* What a name means was settled before this, and cannot change after it. */
static curl_socket_t open_cb(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    slot_t *slot = data;
    aphd_origin_t *source = slot->source;
    long redirects = 0;
    curl_easy_getinfo(slot->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    int fits = aphd_place_fits(aphd_address_of(&address->addr), port_of(&address->addr),
                               source->spec.allow_private, redirects > 0, is_home(source, address));
    if (!fits || address->socktype != SOCK_STREAM || address->addrlen > sizeof source->home) {
        slot->refused = 1;
        return CURL_SOCKET_BAD;
    }
    if (redirects == 0) {
        memcpy(&source->home, &address->addr, address->addrlen);
        source->home_length = address->addrlen;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t body_cb(char *octets, size_t one, size_t length, void *data)
{
    slot_t *slot = data;
    aphd_wanted_t *wanted = slot->wanted;
    if (length > wanted->most - wanted->length) {
        slot->too_large = 1;
        return CURL_WRITEFUNC_ERROR;
    }
    if (wanted->length + length + 1 > slot->room) {
        size_t room = 2 * (wanted->length + length) + 1024;
        char *larger = realloc(wanted->octets, room);
        if (larger == NULL)
            return CURL_WRITEFUNC_ERROR;
        wanted->octets = larger;
        slot->room = room;
    }
    memcpy(wanted->octets + wanted->length, octets, length);
    wanted->length += length;
    wanted->octets[wanted->length] = '\0';
    return length;
}

/* The value of a header line, or NULL where it is of another name. */
static const char *value_of(const char *line, size_t length, const char *name, int *size)
{
    size_t at = strlen(name);
    if (length <= at || strncasecmp(line, name, at) != 0)
        return NULL;
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    while (length > at && (unsigned char)line[length - 1] <= ' ')
        length--;
    *size = (int)(length - at);
    return line + at;
}

static int is_printable(const char *text, int size)
{
    for (int i = 0; i < size; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
            return 0;
    return 1;
}

/* The headers of a redirect's target replace those of the redirect. */
static size_t header_cb(char *line, size_t one, size_t length, void *data)
{
    slot_t *slot = data;
    int size = 0;
    if (++slot->header_count > HEADERS_MAX || length >= HEADER_MAX) {
        slot->flooded = 1;
        return 0;
    }
    if (length > 5 && strncmp(line, "HTTP/", 5) == 0) {
        slot->wanted->new_etag[0] = '\0';
        slot->encoded = 0;
        return length;
    }
    const char *value = value_of(line, length, "etag:", &size);
    if (value != NULL && size < (int)sizeof slot->wanted->new_etag && is_printable(value, size))
        snprintf(slot->wanted->new_etag, sizeof slot->wanted->new_etag, "%.*s", size, value);
    value = value_of(line, length, "content-encoding:", &size);
    if (value != NULL && (size != 8 || strncasecmp(value, "identity", 8) != 0))
        slot->encoded = 1;
    return length;
}

/* --- setting up ---------------------------------------------------------------------------- */

static void set_rules(slot_t *slot)
{
    const aphd_origin_spec_t *spec = &slot->source->spec;
    CURL *easy = slot->easy;
    int slow = spec->slow_seconds > 0 ? spec->slow_seconds : SLOW_SECONDS;
    int connect = spec->connect_ms > 0 ? spec->connect_ms : CONNECT_MS;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (spec->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, spec->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_OCTETS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)slow);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "apphost");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->reason);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_cb);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_cb);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_cb);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
}

static apr_status_t close_source(void *data)
{
    aphd_origin_t *source = data;
    for (int i = 0; i < SLOTS; i++) {
        slot_t *slot = &source->slots[i];
        if (slot->wanted != NULL)
            curl_multi_remove_handle(source->multi, slot->easy);
        curl_easy_cleanup(slot->easy);
        curl_slist_free_all(slot->headers);
    }
    curl_multi_cleanup(source->multi);
    return APR_SUCCESS;
}

static apr_status_t open_https(aphd_origin_t *source, apr_pool_t *p, aph_error_t *err)
{
    source->multi = curl_multi_init();
    apr_pool_cleanup_register(p, source, close_source, apr_pool_cleanup_null);
    for (int i = 0; i < SLOTS && source->multi != NULL; i++) {
        source->slots[i].source = source;
        source->slots[i].easy = curl_easy_init();
        if (source->slots[i].easy == NULL)
            return aph_error_set(err, APR_ENOMEM, 2491, "no memory to ask a catalog");
        set_rules(&source->slots[i]);
    }
    return source->multi != NULL ? APR_SUCCESS
         : aph_error_set(err, APR_ENOMEM, 2492, "no memory to ask a catalog");
}

apr_status_t aphd_origin_open(aphd_origin_t **source, const aphd_origin_spec_t *spec, apr_pool_t *p,
                              aph_error_t *err)
{
    *source = apr_pcalloc(p, sizeof **source);
    (*source)->spec = *spec;
    (*source)->folder = -1;
    if (spec->place->folder != NULL)
        return aphd_folder_open(&(*source)->folder, spec->place->folder, p, err);
    return open_https(*source, p, err);
}

/* --- one file ------------------------------------------------------------------------------ */

/* The grammar of names lets a few characters pass that a URL writes otherwise. */
static void write_url(char *into, size_t size, const char *base, const char *file)
{
    size_t used = (size_t)snprintf(into, size, "%s", base);
    for (; *file != '\0' && used + 4 < size; file++)
        used += (size_t)snprintf(into + used, size - used,
                                 strchr(" +()@,=", *file) != NULL ? "%%%02X" : "%c",
                                 (unsigned char)*file);
}

static void begin(slot_t *slot, aphd_wanted_t *wanted, apr_time_t until)
{
    char url[2048], line[300];
    apr_time_t left = until - apr_time_now();
    if (left <= apr_time_from_msec(1)) {
        wanted->unheard = 1;
        aphd_wanted_fail(wanted, APR_TIMEUP, "there was no time left to fetch it");
        return;
    }
    write_url(url, sizeof url, slot->source->spec.place->url, wanted->file);
    curl_slist_free_all(slot->headers);
    slot->headers = NULL;
    if (wanted->etag != NULL && wanted->etag[0] != '\0') {
        snprintf(line, sizeof line, "If-None-Match: %s", wanted->etag);
        slot->headers = curl_slist_append(NULL, line);
    }
    slot->wanted = wanted;
    slot->room = 0;
    slot->header_count = 0;
    slot->refused = slot->too_large = slot->flooded = slot->encoded = 0;
    slot->reason[0] = '\0';
    curl_easy_setopt(slot->easy, CURLOPT_URL, url);
    curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
    curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, (long)apr_time_as_msec(left));
    curl_easy_setopt(slot->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)wanted->most);
    if (curl_multi_add_handle(slot->source->multi, slot->easy) != CURLM_OK) {
        slot->wanted = NULL;
        aphd_wanted_fail(wanted, APH_EINTERNAL, "it cannot be asked for");
    }
}

static void explain(slot_t *slot, CURLcode result)
{
    aphd_wanted_t *wanted = slot->wanted;
    if (slot->too_large || result == CURLE_FILESIZE_EXCEEDED)
        aphd_wanted_fail(wanted, APH_ETOOLARGE, "it is larger than %zu octets", wanted->most);
    else if (slot->refused)
        aphd_wanted_fail(wanted, APH_EFORBIDDEN,
                         "it leads to an address or port that catalogs are not "
                         "fetched from: this machine, the local network, or a port of another "
                         "protocol. A catalog at home is added with --private");
    else if (slot->flooded)
        aphd_wanted_fail(wanted, APH_ETOOLARGE, "it came with more headers than are read");
    else if (result == CURLE_TOO_MANY_REDIRECTS)
        aphd_wanted_fail(wanted, APH_EFORBIDDEN, "it was sent on more than %d times",
                         REDIRECTS_MAX);
    else if (result == CURLE_UNSUPPORTED_PROTOCOL)
        aphd_wanted_fail(wanted, APH_EFORBIDDEN, "it leads to a place without https");
    else if (result == CURLE_LOGIN_DENIED)
        aphd_wanted_fail(wanted, APH_EFORBIDDEN, "it leads to an address with a user in it");
    else if (result == CURLE_OPERATION_TIMEDOUT)
        aphd_wanted_fail(wanted, APR_TIMEUP, "it came too slowly (%s)", slot->reason);
    else if (result == CURLE_PARTIAL_FILE)
        aphd_wanted_fail(wanted, APH_EUNREADABLE, "it was cut off (%s)", slot->reason);
    else
        aphd_wanted_fail(wanted, APH_EUNREADABLE, "it cannot be had: %s",
                         slot->reason[0] != '\0' ? slot->reason : curl_easy_strerror(result));
    wanted->unheard = result == CURLE_OPERATION_TIMEDOUT || result == CURLE_COULDNT_CONNECT
                   || result == CURLE_COULDNT_RESOLVE_HOST;
}

static void end(slot_t *slot, CURLcode result)
{
    aphd_wanted_t *wanted = slot->wanted;
    long status = 0;
    curl_multi_remove_handle(slot->source->multi, slot->easy);
    curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK)
        explain(slot, result);
    else if (status == 304 && slot->headers != NULL)
        wanted->unchanged = 1;
    else if (status == 404 || status == 410)
        aphd_wanted_fail(wanted, APH_ENOTFOUND, "there is no such file");
    else if (status != 200)
        aphd_wanted_fail(wanted, APH_EUNREADABLE, "the host answered with status %ld", status);
    else if (slot->encoded)
        aphd_wanted_fail(wanted, APH_EUNREADABLE,
                         "it came with a Content-Encoding, which nobody asked "
                         "for and nobody unpacks");
    else if (wanted->octets == NULL && (wanted->octets = calloc(1, 1)) == NULL)
        aphd_wanted_fail(wanted, APR_ENOMEM, "no memory for it");
    slot->wanted = NULL;
}

/* --- all of them --------------------------------------------------------------------------- */

static int take_ended(aphd_origin_t *source)
{
    CURLMsg *message;
    int left, taken = 0;
    while ((message = curl_multi_info_read(source->multi, &left)) != NULL) {
        char *owner = NULL;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        end((slot_t *)(void *)owner, result);
        taken++;
    }
    return taken;
}

static apr_status_t wait_for_some(aphd_origin_t *source, aph_error_t *err)
{
    const aphd_halt_t *halt = source->spec.halt;
    struct curl_waitfd extra[2] = {
        {.fd = halt->peer_fd, .events = CURL_WAIT_POLLIN},
        {.fd = halt->signal_fd, .events = CURL_WAIT_POLLIN},
    };
    int running;
    curl_multi_perform(source->multi, &running);
    if (take_ended(source) == 0 && running > 0)
        curl_multi_poll(source->multi, extra, 2, 1000, NULL);
    return aphd_halt_check(halt, err);
}

static int give_work(aphd_origin_t *source, aphd_wanted_t *wanted, size_t count, size_t *next,
                     apr_time_t until)
{
    int busy = 0;
    for (int i = 0; i < SLOTS; i++) {
        while (source->slots[i].wanted == NULL && *next < count)
            begin(&source->slots[i], &wanted[(*next)++], until);
        busy += source->slots[i].wanted != NULL;
    }
    return busy;
}

apr_status_t aphd_origin_get(aphd_origin_t *source, aphd_wanted_t *wanted, size_t count,
                             apr_time_t until, aph_error_t *err)
{
    apr_status_t status = APR_SUCCESS;
    size_t next = 0;
    for (size_t i = 0; i < count && source->folder >= 0; i++)
        aphd_folder_get(source->folder, &wanted[i]);
    while (source->folder < 0 && status == APR_SUCCESS
           && give_work(source, wanted, count, &next, until) > 0)
        status = wait_for_some(source, err);
    /* What was under way is forgotten with its slot. */
    for (int i = 0; i < SLOTS; i++)
        if (source->slots[i].wanted != NULL)
            end(&source->slots[i], CURLE_ABORTED_BY_CALLBACK);
    return source->folder >= 0 ? aphd_halt_check(source->spec.halt, err) : status;
}
