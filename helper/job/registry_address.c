/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/registry_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

static const struct {
    uint32_t network;
    int bits;
    aphd_address_t kind;
} rows[] = {
    {0x00000000, 8, APHD_ADDRESS_NEVER},   {0x7F000000, 8, APHD_ADDRESS_LOOPBACK},
    {0x0A000000, 8, APHD_ADDRESS_PRIVATE}, {0xAC100000, 12, APHD_ADDRESS_PRIVATE},
    {0xC0A80000, 16, APHD_ADDRESS_PRIVATE}, {0x64400000, 10, APHD_ADDRESS_PRIVATE},
    {0xA9FE0000, 16, APHD_ADDRESS_NEVER},  {0xE0000000, 3, APHD_ADDRESS_NEVER},
    {0xC0000000, 24, APHD_ADDRESS_NEVER},  {0xC6120000, 15, APHD_ADDRESS_PRIVATE},
};

static aphd_address_t kind_of_4(uint32_t address)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((address ^ rows[i].network) >> (32 - rows[i].bits) == 0)
            return rows[i].kind;
    return APHD_ADDRESS_PUBLIC;
}

/* Only 2000::/3 is given out; in it lie two ways to say an IPv4 address. */
static aphd_address_t kind_of_6(const unsigned char *octets)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
    static const unsigned char loopback[16] = {[15] = 1};
    uint32_t last;
    memcpy(&last, octets + 12, sizeof last);
    if (memcmp(octets, mapped, sizeof mapped) == 0 || memcmp(octets, nat64, sizeof nat64) == 0)
        return kind_of_4(ntohl(last));
    if (memcmp(octets, loopback, sizeof loopback) == 0)
        return APHD_ADDRESS_LOOPBACK;
    if ((octets[0] & 0xfe) == 0xfc)
        return APHD_ADDRESS_PRIVATE;
    if (octets[0] == 0x20 && octets[1] == 0x02) { /* 6to4 */
        memcpy(&last, octets + 2, sizeof last);
        return kind_of_4(ntohl(last));
    }
    return (octets[0] & 0xe0) == 0x20 ? APHD_ADDRESS_PUBLIC : APHD_ADDRESS_NEVER;
}

aphd_address_t aphd_address_of(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return kind_of_4(ntohl(((const struct sockaddr_in *)(const void *)address)
                                   ->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return kind_of_6(((const struct sockaddr_in6 *)(const void *)address)
                             ->sin6_addr.s6_addr);
    return APHD_ADDRESS_NEVER;
}

int aphd_address_fits_registry(aphd_address_t kind, int named_loopback)
{
    return named_loopback ? kind == APHD_ADDRESS_LOOPBACK : kind >= APHD_ADDRESS_PRIVATE;
}

int aphd_address_fits_hop(aphd_address_t kind, aphd_address_t home, int same_port)
{
    if (kind == APHD_ADDRESS_PUBLIC)
        return 1;
    if (kind == APHD_ADDRESS_PRIVATE)
        return home == APHD_ADDRESS_PRIVATE;
    return kind == APHD_ADDRESS_LOOPBACK && home == APHD_ADDRESS_LOOPBACK && same_port;
}
