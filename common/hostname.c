/* SPDX-License-Identifier: Apache-2.0 */
/* Names: app labels, domains and the Host header. */
#include "common/hostname.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <idn2.h>

/* The C library's character classes depend on the locale; names do not. */
static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Nonzero when the length octets at text are one label. */
static int label_valid(const char *text, size_t length)
{
    if (length == 0 || length > APH_LABEL_MAX || text[0] == '-' || text[length - 1] == '-')
        return 0;
    for (size_t i = 0; i < length; i++)
        if (!is_label_char(text[i]))
            return 0;
    return 1;
}

/* Names whose last label is a number are addresses to every resolver (127.1, 10.0.0.1, 1). */
static int last_label_is_number(const char *text)
{
    const char *dot = strrchr(text, '.');
    const char *label = dot != NULL ? dot + 1 : text;
    for (const char *c = label; *c != '\0'; c++)
        if (!is_digit(*c))
            return 0;
    return 1;
}

int aph_label_valid(const char *text)
{
    size_t length = strnlen(text, APH_LABEL_MAX + 1);
    return label_valid(text, length);
}

int aph_domain_valid(const char *text)
{
    if (strnlen(text, APH_HOST_MAX + 1) > APH_HOST_MAX)
        return 0;
    for (const char *label = text;;) {
        size_t length = strcspn(label, ".");
        if (!label_valid(label, length))
            return 0;
        if (label[length] == '\0')
            return 1;
        label += length + 1;
    }
}

apr_status_t aph_name_check(const char *name, const char *machine, aph_error_t *err)
{
    static const char *const kept_back[] = {"apps", "www", "localhost", "apphost-probe"};

    if (!aph_label_valid(name))
        return aph_error_set(err, APH_EUSAGE, 1,
                             "\"%.70s\" cannot be an app's name: use 1 to %d of a-z, 0-9 and "
                             "\"-\", not starting or ending with \"-\"",
                             name, APH_LABEL_MAX);
    for (size_t i = 0; i < sizeof kept_back / sizeof kept_back[0]; i++)
        if (strcmp(name, kept_back[i]) == 0)
            return aph_error_set(err, APH_ETAKEN, 2,
                                 "the name \"%s\" is kept for the server itself: choose another",
                                 name);
    /* The first label covers both forms: "box" and "box.home.arpa" both collide with an app box. */
    size_t length = machine != NULL ? strcspn(machine, ".") : 0;
    if (length > 0 && strlen(name) == length && strncasecmp(name, machine, length) == 0)
        return aph_error_set(err, APH_ETAKEN, 3,
                             "\"%s\" is the name of this machine: choose another name for the app",
                             name);
    return APR_SUCCESS;
}

/* *length receives the octets of host before its port. A port is 0..65535 and may be empty
 * (RFC 3986, section 3.2.3). */
static apr_status_t split_port(const char *host, size_t *length)
{
    *length = strcspn(host, ":");
    if (host[*length] == '\0')
        return APR_SUCCESS;
    unsigned long port = 0;
    const char *digit = host + *length + 1;
    for (; is_digit(*digit) && port <= 65535; digit++)
        port = port * 10 + (unsigned long)(*digit - '0');
    return *digit == '\0' && port <= 65535 ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t aph_host_normalise(const char *host, char *out, size_t *length)
{
    size_t used;
    if (split_port(host, &used) != APR_SUCCESS)
        return APR_EINVAL;
    if (used > 0 && host[used - 1] == '.')
        used--;
    if (used == 0 || used > APH_HOST_MAX)
        return APR_EINVAL;
    for (size_t i = 0; i < used; i++)
        out[i] = lower(host[i]);
    out[used] = '\0';
    if (!aph_domain_valid(out) || last_label_is_number(out))
        return APR_EINVAL;
    *length = used;
    return APR_SUCCESS;
}

apr_status_t aph_host_to_ascii(const char *typed, char *out, aph_error_t *err)
{
    uint8_t *ascii = NULL;
    int rc = idn2_lookup_u8((const uint8_t *)typed, &ascii,
                            IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK)
        return aph_error_set(err, APH_EUSAGE, 4, "\"%.300s\" is not a host name: %s", typed,
                             idn2_strerror(rc));
    size_t length = 0;
    apr_status_t rv = strchr((char *)ascii, ':') == NULL
                          ? aph_host_normalise((char *)ascii, out, &length)
                          : APR_EINVAL;
    idn2_free(ascii);
    if (rv != APR_SUCCESS)
        return aph_error_set(err, APH_EUSAGE, 5,
                             "\"%.300s\" is not a host name: use labels of letters, digits and "
                             "\"-\", joined by dots, without port or path",
                             typed);
    return APR_SUCCESS;
}
