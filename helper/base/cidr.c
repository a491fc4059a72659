/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/base/cidr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static uint32_t mask_of(int bits)
{
    return bits == 0 ? 0 : 0xffffffffu << (32 - bits);
}

static uint32_t last_of(const aphd_cidr_t *cidr)
{
    return cidr->address | ~mask_of(cidr->bits);
}

/* One or two digits and the end; strtol would take signs and blanks. */
static int parse_bits(const char *text, int *bits)
{
    size_t length = strlen(text);
    if (length < 1 || length > 2 || strspn(text, "0123456789") != length)
        return 0;
    *bits = length == 1 ? text[0] - '0' : (text[0] - '0') * 10 + text[1] - '0';
    return *bits <= 32;
}

int aphd_cidr_parse(const char *text, aphd_cidr_t *cidr)
{
    char address[INET_ADDRSTRLEN];
    struct in_addr parsed;
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof address)
        return 0;
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    if (inet_pton(AF_INET, address, &parsed) != 1 || !parse_bits(slash + 1, &cidr->bits))
        return 0;
    cidr->address = ntohl(parsed.s_addr) & mask_of(cidr->bits);
    return 1;
}

void aphd_cidr_format(const aphd_cidr_t *cidr, char *text)
{
    uint32_t a = cidr->address;
    snprintf(text, APHD_CIDR_TEXT_MAX, "%u.%u.%u.%u/%d", a >> 24, a >> 16 & 255, a >> 8 & 255,
             a & 255, cidr->bits);
}

int aphd_cidr_overlap(const aphd_cidr_t *a, const aphd_cidr_t *b)
{
    return a->address <= last_of(b) && b->address <= last_of(a);
}

int aphd_cidr_bits_for(int hosts)
{
    int bits = 28;
    while (bits > 8 && hosts > (1 << (32 - bits)) - 3)
        bits--;
    return bits;
}

int aphd_cidr_free(const aphd_cidr_t *pool, int bits, const aphd_cidr_t *taken, size_t count,
                   aphd_cidr_t *found)
{
    uint64_t size = (uint64_t)1 << (32 - bits);
    uint64_t at = pool->address;
    while (at + size - 1 <= last_of(pool)) {
        aphd_cidr_t candidate = {(uint32_t)at, bits};
        const aphd_cidr_t *hit = NULL;
        for (size_t i = 0; i < count && hit == NULL; i++)
            if (aphd_cidr_overlap(&candidate, &taken[i]))
                hit = &taken[i];
        if (hit == NULL) {
            *found = candidate;
            return 1;
        }
        /* Jump behind what is in the way: a taken /8 costs one step, not a million. */
        at = ((uint64_t)last_of(hit) + size) / size * size;
    }
    return 0;
}
