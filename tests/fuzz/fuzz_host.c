/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a Host header, as a name a person typed and as the name of an app. What is accepted
 * is in the one form routes are stored in, and stays as it is when it comes again. */
#include <stdlib.h>
#include <string.h>

#include "common/hostname.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_normal(const char *host, size_t length)
{
    char again[APH_HOST_MAX + 1];
    size_t again_length = 0;
    must(length == strlen(host) && length > 0 && length <= APH_HOST_MAX);
    must(strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length);
    must(aph_domain_valid(host));
    must(host[length - 1] != '.' && strstr(host, "..") == NULL);
    must(aph_host_normalise(host, again, &again_length) == APR_SUCCESS);
    must(again_length == length && strcmp(host, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    char out[APH_HOST_MAX + 1];
    size_t length = 0;
    aph_error_t err = APH_ERROR_INIT;
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, octets, size);
    text[size] = '\0';
    if (aph_host_normalise(text, out, &length) == APR_SUCCESS)
        check_normal(out, length);
    if (aph_host_to_ascii(text, out, &err) == APR_SUCCESS)
        check_normal(out, strlen(out));
    else
        must(err.status == APH_EUSAGE && err.message[0] != '\0');
    err = (aph_error_t)APH_ERROR_INIT;
    if (aph_name_check(text, "box.home.arpa", &err) == APR_SUCCESS)
        must(aph_label_valid(text) && aph_domain_valid(text) && strcmp(text, "box") != 0);
    free(text);
    return 0;
}
