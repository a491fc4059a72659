/* SPDX-License-Identifier: Apache-2.0 */
/* The grammars of values. Where engines differ, the narrower reading. */
#include "helper/policy/grammar.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

int aphd_made_of(const char *text, const char *set, size_t most)
{
    size_t length = strlen(text);
    return length > 0 && length <= most && strspn(text, set) == length;
}

int aphd_number(const char *text, long long least, long long most, long long *value)
{
    int negative = *text == '-';
    const char *digits = text + negative;
    /* 15 digits cannot overflow. */
    if (!aphd_made_of(digits, DIGITS, 15))
        return 0;
    long long number = 0;
    for (; *digits != '\0'; digits++)
        number = number * 10 + (*digits - '0');
    *value = negative ? -number : number;
    return *value >= least && *value <= most;
}

int aphd_decimal(const char *text, double *value)
{
    size_t whole = strspn(text, DIGITS);
    double number = 0, scale = 1;
    if (whole == 0 || whole > 15)
        return 0;
    for (size_t i = 0; i < whole; i++)
        number = number * 10 + (text[i] - '0');
    const char *rest = text + whole;
    if (*rest == '.') {
        rest++;
        size_t digits = strspn(rest, DIGITS);
        if (digits == 0 || digits > 9)
            return 0;
        for (size_t i = 0; i < digits; i++)
            number += (rest[i] - '0') * (scale /= 10);
        rest += digits;
    }
    *value = number;
    return *rest == '\0';
}

int aphd_size(const char *text, long long *octets)
{
    static const char units[] = "kmgt";
    char number[32];
    size_t digits = strspn(text, DIGITS ".");
    if (digits == 0 || digits >= sizeof number)
        return 0;
    memcpy(number, text, digits);
    number[digits] = '\0';
    double value = 0;
    if (!aphd_decimal(number, &value))
        return 0;
    const char *unit = text + digits + strspn(text + digits, " ");
    double factor = 1;
    const char *found = *unit != '\0' ? strchr(units, *unit | 0x20) : NULL;
    if (found != NULL) {
        for (const char *u = units; u <= found; u++)
            factor *= 1024;
        unit++;
        if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "ib") == 0)
            unit = "";
    } else if (strcasecmp(unit, "b") == 0) {
        unit = "";
    }
    if (*unit != '\0' || value * factor > 1e15)
        return 0;
    *octets = (long long)(value * factor);
    return 1;
}

/* The unit at text: its length, and its milliseconds (0 for microseconds). */
static size_t duration_unit(const char *text, double *ms)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"us", 0.001}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].name);
        if (strncmp(text, units[i].name, length) == 0) {
            *ms = units[i].ms;
            return length;
        }
    }
    return 0;
}

int aphd_duration(const char *text, long long *ms)
{
    double total = 0;
    if (*text == '\0' || strlen(text) > 32)
        return 0;
    while (*text != '\0') {
        char number[33];
        size_t digits = strspn(text, DIGITS ".");
        memcpy(number, text, digits);
        number[digits] = '\0';
        double value = 0, unit = 0;
        size_t length = duration_unit(text + digits, &unit);
        if (length == 0 || !aphd_decimal(number, &value))
            return 0;
        total += value * unit;
        text += digits + length;
    }
    if (total > 1e12)
        return 0;
    *ms = (long long)total;
    return 1;
}

int aphd_name(const char *text)
{
    return aphd_made_of(text, LOWER UPPER DIGITS "._-", 63) && strchr("._-", text[0]) == NULL;
}

int aphd_host(const char *text)
{
    return aphd_made_of(text, LOWER UPPER DIGITS "._-", 253) && strchr(".-", text[0]) == NULL;
}

int aphd_address(const char *text)
{
    unsigned char octets[16];
    return inet_pton(AF_INET, text, octets) == 1 || inet_pton(AF_INET6, text, octets) == 1;
}

int aphd_variable(const char *text)
{
    return aphd_made_of(text, LOWER UPPER DIGITS "_.-", 256)
           && strchr(DIGITS ".-", text[0]) == NULL;
}

/* One part of a repository path: lower case, and not beginning or ending with a separator. */
static int image_part(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (strchr(LOWER DIGITS "._-", text[i]) == NULL)
            return 0;
    return length > 0 && strchr("._-", text[0]) == NULL && strchr("._-", text[length - 1]) == NULL;
}

/* Length of "HOST[:PORT]/" at the start; 0: there is none. A registry is told from a path by a
 * dot, a port or the name localhost. */
static size_t registry_length(const char *text)
{
    size_t host = strspn(text, LOWER UPPER DIGITS ".-");
    size_t port = text[host] == ':' ? 1 + strspn(text + host + 1, DIGITS) : 0;
    if (host == 0 || strchr(".-", text[0]) != NULL || strchr(".-", text[host - 1]) != NULL
        || port == 1 || text[host + port] != '/')
        return 0;
    int marked = memchr(text, '.', host) != NULL || port > 0
                 || (host == 9 && memcmp(text, "localhost", 9) == 0);
    return marked ? host + port + 1 : 0;
}

int aphd_image(const char *text)
{
    if (strlen(text) > 512)
        return 0;
    const char *at = text + registry_length(text);
    for (;;) {
        size_t length = strcspn(at, "/:@");
        if (!image_part(at, length))
            return 0;
        at += length;
        if (*at != '/')
            break;
        at++;
    }
    if (*at == ':') {
        size_t length = strspn(++at, LOWER UPPER DIGITS "_.-");
        if (length == 0 || length > 128 || strchr(".-", *at) != NULL)
            return 0;
        at += length;
    }
    if (strncmp(at, "@sha256:", 8) == 0)
        return strlen(at + 8) == 64 && strspn(at + 8, DIGITS "abcdef") == 64;
    return *at == '\0';
}

static int clean_text(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if (*c < 0x20 || *c == 0x7F || *c == ':' || *c == '\\' || *c == ',')
            return 0;
    return 1;
}

int aphd_absolute(const char *path)
{
    if (*path != '/' || strlen(path) > 1024 || !clean_text(path))
        return 0;
    for (const char *at = path; *at == '/';) {
        size_t length = strcspn(++at, "/");
        /* A slash at the end is common and harmless; an empty part inside is not a clean path. */
        if ((length == 0 && (*at != '\0' || at - path < 2)) || (length == 1 && *at == '.')
            || (length == 2 && memcmp(at, "..", 2) == 0))
            return path[1] == '\0';
        at += length;
    }
    return 1;
}

int aphd_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

int aphd_target(const char *path)
{
    return aphd_absolute(path) && path[1] != '\0' && !aphd_below(path, "/proc")
           && !aphd_below(path, "/sys") && !aphd_below(path, "/dev");
}

int aphd_relative(const char *path, char *out, size_t size)
{
    size_t used = 0;
    if (*path == '/' || strlen(path) + 1 > size || !clean_text(path))
        return 0;
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (length == 2 && memcmp(path, "..", 2) == 0)
            return 0;
        if (length > 0 && !(length == 1 && *path == '.')) {
            if (used > 0)
                out[used++] = '/';
            memcpy(out + used, path, length);
            used += length;
        }
        path += length + (path[length] == '/');
    }
    out[used] = '\0';
    return used > 0;
}
