/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/registry_fetch.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <curl/curl.h>

#define CONNECT_MS      4000
#define REDIRECTS_MAX   3
#define CONNECTIONS_MAX 16
#define HEADER_MAX      4096
#define HEADERS_MAX     200

struct aphd_fetches_t {
    CURLM *multi;
    const aphd_halt_t *halt;
};

struct aphd_fetch_t {
    aphd_fetches_t *fetches;
    CURL *easy;
    struct curl_slist *headers;
    aphd_fetch_home_t *home;
    int sent_on;
    char *body;
    size_t length, room;
    char type[128], digest[128], challenge[HEADER_MAX], why[256];
    int header_count;
    CURLcode result;
    unsigned done : 1;
    unsigned refused : 1; /* an address that we do not go to */
    unsigned too_large : 1;
};

static apr_status_t close_fetches(void *data)
{
    curl_multi_cleanup(((aphd_fetches_t *)data)->multi);
    return APR_SUCCESS;
}

apr_status_t aphd_fetches_open(aphd_fetches_t **fetches, const aphd_halt_t *halt, apr_pool_t *p,
                               aph_error_t *err)
{
    *fetches = apr_pcalloc(p, sizeof **fetches);
    (*fetches)->halt = halt;
    (*fetches)->multi = curl_multi_init();
    if ((*fetches)->multi == NULL)
        return aph_error_set(err, APR_ENOMEM, 2257, "no memory to ask a registry");
    curl_multi_setopt((*fetches)->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS_MAX);
    apr_pool_cleanup_register(p, *fetches, close_fetches, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

/* --- what curl calls ----------------------------------------------------------------------- */

static int port_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET6
         ? ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port)
         : ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
}

/* The address a connection is about to be made to: what a name means was settled before this, and
 * cannot change after it. */
static curl_socket_t open_cb(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    aphd_fetch_t *fetch = data;
    aphd_fetch_home_t *home = fetch->home;
    long redirects = 0;
    aphd_address_t kind = aphd_address_of(&address->addr);
    curl_easy_getinfo(fetch->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    int hop = fetch->sent_on || redirects > 0;
    int fits = hop ? aphd_address_fits_hop(kind, home->kind, port_of(&address->addr) == home->port)
                   : aphd_address_fits_registry(kind, home->named_loopback);
    if (!fits || address->socktype != SOCK_STREAM) {
        fetch->refused = 1;
        return CURL_SOCKET_BAD;
    }
    if (!hop && kind > home->kind) { /* the outermost of its addresses decides */
        home->kind = kind;
        home->port = port_of(&address->addr);
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t body_cb(char *octets, size_t one, size_t length, void *data)
{
    aphd_fetch_t *fetch = data;
    if (length > APH_MANIFEST_MAX - fetch->length) {
        fetch->too_large = 1;
        return CURL_WRITEFUNC_ERROR;
    }
    if (fetch->length + length + 1 > fetch->room) {
        size_t room = 2 * (fetch->length + length) + 1024;
        char *larger = realloc(fetch->body, room);
        if (larger == NULL)
            return CURL_WRITEFUNC_ERROR;
        fetch->body = larger;
        fetch->room = room;
    }
    memcpy(fetch->body + fetch->length, octets, length);
    fetch->length += length;
    fetch->body[fetch->length] = '\0';
    return length;
}

static void take_value(char *into, size_t size, const char *line, size_t length, size_t name)
{
    while (name < length && (line[name] == ' ' || line[name] == '\t'))
        name++;
    while (length > name && (unsigned char)line[length - 1] <= ' ')
        length--;
    snprintf(into, size, "%.*s", (int)(length - name), line + name);
}

/* The headers of a redirect's target replace those of the redirect. */
static size_t header_cb(char *line, size_t one, size_t length, void *data)
{
    static const char type[] = "content-type:", digest[] = "docker-content-digest:",
                      challenge[] = "www-authenticate:";
    aphd_fetch_t *fetch = data;
    if (++fetch->header_count > HEADERS_MAX || length >= HEADER_MAX) {
        fetch->too_large = 1;
        return 0;
    }
    if (length > 5 && strncmp(line, "HTTP/", 5) == 0)
        fetch->type[0] = fetch->digest[0] = fetch->challenge[0] = '\0';
    else if (length > sizeof type && strncasecmp(line, type, sizeof type - 1) == 0)
        take_value(fetch->type, sizeof fetch->type, line, length, sizeof type - 1);
    else if (length > sizeof digest && strncasecmp(line, digest, sizeof digest - 1) == 0)
        take_value(fetch->digest, sizeof fetch->digest, line, length, sizeof digest - 1);
    else if (length > sizeof challenge && strncasecmp(line, challenge, sizeof challenge - 1) == 0
             && fetch->challenge[0] == '\0')
        take_value(fetch->challenge, sizeof fetch->challenge, line, length, sizeof challenge - 1);
    return length;
}

/* --- one fetch ----------------------------------------------------------------------------- */

static void limit_protocols(CURL *easy, int plain)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
#else
    long protocols = CURLPROTO_HTTPS | (plain ? CURLPROTO_HTTP : 0);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, protocols);
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS, protocols);
#endif
}

static void set_limits(CURL *easy, const aphd_fetch_spec_t *spec)
{
    limit_protocols(easy, strncmp(spec->url, "http://", 7) == 0);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)spec->milliseconds);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)APH_MANIFEST_MAX);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* A connection another fetch opened was allowed for that one only. */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static apr_status_t prepare(aphd_fetch_t *fetch, const aphd_fetch_spec_t *spec)
{
    CURL *easy = fetch->easy;
    char line[512];
    snprintf(line, sizeof line, "Accept: %s", spec->accept != NULL ? spec->accept : "*/*");
    fetch->headers = curl_slist_append(NULL, line);
    if (fetch->headers == NULL)
        return APR_ENOMEM;
    set_limits(easy, spec);
    curl_easy_setopt(easy, CURLOPT_URL, spec->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "apphost");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->headers);
    if (spec->token != NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, spec->token);
    }
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_cb);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_cb);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_cb);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    return APR_SUCCESS;
}

apr_status_t aphd_fetch_begin(aphd_fetches_t *fetches, const aphd_fetch_spec_t *spec,
                              aphd_fetch_t **fetch, aph_error_t *err)
{
    *fetch = calloc(1, sizeof **fetch);
    if (*fetch == NULL)
        return APR_ENOMEM;
    (*fetch)->fetches = fetches;
    (*fetch)->home = spec->home;
    (*fetch)->sent_on = spec->sent_on;
    (*fetch)->easy = curl_easy_init();
    if ((*fetch)->easy != NULL && prepare(*fetch, spec) == APR_SUCCESS
        && curl_multi_add_handle(fetches->multi, (*fetch)->easy) == CURLM_OK)
        return APR_SUCCESS;
    aphd_fetch_end(*fetch);
    *fetch = NULL;
    return aph_error_set(err, APH_EINTERNAL, 2258, "cannot begin to ask a registry");
}

apr_status_t aphd_fetches_pump(aphd_fetches_t *fetches, int milliseconds, aph_error_t *err)
{
    struct curl_waitfd extra[2] = {
        {.fd = fetches->halt->peer_fd, .events = CURL_WAIT_POLLIN},
        {.fd = fetches->halt->signal_fd, .events = CURL_WAIT_POLLIN},
    };
    CURLMsg *message;
    int running, left;
    curl_multi_perform(fetches->multi, &running);
    curl_multi_poll(fetches->multi, extra, fetches->halt->heedless ? 1 : 2, milliseconds, NULL);
    curl_multi_perform(fetches->multi, &running);
    while ((message = curl_multi_info_read(fetches->multi, &left)) != NULL) {
        char *owner = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        aphd_fetch_t *fetch = (aphd_fetch_t *)(void *)owner;
        fetch->result = message->data.result;
        fetch->done = 1;
    }
    return aphd_halt_check(fetches->halt, err);
}

int aphd_fetch_done(const aphd_fetch_t *fetch)
{
    return fetch->done;
}

static const char *explain(aphd_fetch_t *fetch)
{
    if (fetch->refused)
        return "it leads to an address of this machine or of the local network, which is not "
               "followed";
    if (fetch->too_large || fetch->result == CURLE_FILESIZE_EXCEEDED)
        return "its answer is larger than any manifest";
    if (fetch->result == CURLE_OPERATION_TIMEDOUT)
        return "it did not answer in time";
    if (fetch->result == CURLE_TOO_MANY_REDIRECTS)
        return "it sends from one place to the next";
    if (fetch->result == CURLE_UNSUPPORTED_PROTOCOL)
        return "it leads to a place without https";
    snprintf(fetch->why, sizeof fetch->why, "it cannot be asked (%s)",
             curl_easy_strerror(fetch->result));
    return fetch->why;
}

void aphd_fetch_result(aphd_fetch_t *fetch, aphd_fetched_t *fetched)
{
    *fetched = (aphd_fetched_t){.body = "", .type = fetch->type, .digest = fetch->digest,
                                .challenge = fetch->challenge, .why = ""};
    if (fetch->result != CURLE_OK) {
        fetched->why = explain(fetch);
        return;
    }
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &fetched->status);
    fetch->type[strcspn(fetch->type, "; \t")] = '\0';
    for (char *at = fetch->type; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    if (fetch->body != NULL)
        fetched->body = fetch->body;
    fetched->length = fetch->length;
}

void aphd_fetch_end(aphd_fetch_t *fetch)
{
    if (fetch == NULL)
        return;
    if (fetch->easy != NULL)
        curl_multi_remove_handle(fetch->fetches->multi, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->headers);
    free(fetch->body);
    free(fetch);
}

const char *aphd_fetch_escape(const char *text, apr_pool_t *p)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    const char *copy = apr_pstrdup(p, escaped != NULL ? escaped : "");
    curl_free(escaped);
    return copy;
}
