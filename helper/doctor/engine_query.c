/* SPDX-License-Identifier: Apache-2.0 */
/* The doctor's own small client. It shares nothing with that of apphost-job: what it finds out
 * about the engine must not depend on the code that may be the reason for asking. */
#include "helper/doctor/engine_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <curl/curl.h>

#define ANSWER_MAX     (16u * 1024 * 1024)
#define ANSWER_SECONDS 10L

typedef struct answer_t {
    char *octets;
    size_t length;
} answer_t;

static size_t take_cb(char *octets, size_t size, size_t count, void *self)
{
    answer_t *answer = self;
    size_t more = size * count;
    if (more > ANSWER_MAX - answer->length)
        return 0; /* curl gives up */
    char *grown = realloc(answer->octets, answer->length + more + 1);
    if (grown == NULL)
        return 0;
    memcpy(grown + answer->length, octets, more);
    answer->octets = grown;
    answer->length += more;
    grown[answer->length] = '\0';
    return more;
}

static CURLcode fetch(const char *socket_path, const char *path, answer_t *answer, long *code)
{
    char url[512];
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return CURLE_FAILED_INIT;
    snprintf(url, sizeof url, "http://engine%s", path); /* the name goes nowhere: the socket does */
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_cb);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, code);
    curl_easy_cleanup(curl);
    return rc;
}

apr_status_t aphd_engine_query(const char *socket_path, const char *path, json_t **answer,
                               aph_error_t *err)
{
    answer_t raw = {NULL, 0};
    long code = 0;
    CURLcode rc = fetch(socket_path, path, &raw, &code);
    *answer =
        rc == CURLE_OK && raw.octets != NULL ? json_loadb(raw.octets, raw.length, 0, NULL) : NULL;
    free(raw.octets);
    if (rc != CURLE_OK)
        return aph_error_set(err, APH_EENGINE, 1510, "the engine does not answer %s: %s", path,
                             curl_easy_strerror(rc));
    if (code == 200 && *answer != NULL)
        return APR_SUCCESS;
    const char *said = json_string_value(json_object_get(*answer, "message"));
    apr_status_t status =
        aph_error_set(err, APH_EENGINE, 1511, "the engine refuses %s with HTTP status %ld: %.300s",
                      path, code, said != NULL ? said : "no reason given");
    json_decref(*answer);
    *answer = NULL;
    return status;
}
