/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/health.h"

#include <stdio.h>
#include <curl/curl.h>

/* The head of an answer is enough: its body is not waited for. */
static size_t body_cb(char *octets, size_t size, size_t count, void *unused)
{
    (void)octets;
    (void)unused;
    return size * count > 0 ? 0 : size * count;
}

static int halted_cb(void *halt, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                     curl_off_t ulnow)
{
    aph_error_t unheard = APH_ERROR_INIT;
    return aphd_halt_check(halt, &unheard) != APR_SUCCESS;
}

static void ask(CURL *curl, const aphd_health_at_t *at, int milliseconds, const aphd_halt_t *halt,
                struct curl_slist *headers)
{
    char url[APHD_HEALTH_PATH_MAX + 64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", at->port, at->path != NULL ? at->path : "/");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "apphost");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)milliseconds);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_cb);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, halted_cb);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, halt);
    curl_easy_perform(curl);
}

apr_status_t aphd_health_probe_https(const aphd_health_at_t *at, int milliseconds,
                                     const aphd_halt_t *halt, int *answered, aph_error_t *err)
{
    char host[300];
    long code = 0;
    CURL *curl = curl_easy_init();
    *answered = 0;
    if (curl == NULL)
        return aphd_halt_check(halt, err);
    snprintf(host, sizeof host, "Host: %s", at->host);
    struct curl_slist *headers = curl_slist_append(NULL, host);
    ask(curl, at, milliseconds, halt, headers);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    *answered = code > 0 && (at->path == NULL || code < 500);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return aphd_halt_check(halt, err);
}
