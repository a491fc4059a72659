/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 networks in CIDR form, and the search for a free piece of a pool. Pure functions. */
#ifndef APHD_CIDR_H
#define APHD_CIDR_H

#include <stddef.h>
#include <stdint.h>

#define APHD_CIDR_TEXT_MAX 19 /* "255.255.255.255/32" and its NUL */

typedef struct aphd_cidr_t {
    uint32_t address; /* in the machine's order; no bit set outside the network */
    int bits;
} aphd_cidr_t;

/* Reads "A.B.C.D/N". Bits outside the network are cleared, as routing tables read it. 0 where text
 * is nothing of the kind. */
int aphd_cidr_parse(const char *text, aphd_cidr_t *cidr);

/* Writes it; text holds APHD_CIDR_TEXT_MAX. */
void aphd_cidr_format(const aphd_cidr_t *cidr, char *text);

/* Nonzero when the two have an address in common. */
int aphd_cidr_overlap(const aphd_cidr_t *a, const aphd_cidr_t *b);

/* The length of the smallest network, /28 at most, that has an address for each of hosts, beside
 * the three that are the network's own: its number, its gateway and its broadcast address. */
int aphd_cidr_bits_for(int hosts);

/* The lowest network of bits inside pool that overlaps none of taken; 0 where there is none. */
int aphd_cidr_free(const aphd_cidr_t *pool, int bits, const aphd_cidr_t *taken, size_t count,
                   aphd_cidr_t *found);

#endif
