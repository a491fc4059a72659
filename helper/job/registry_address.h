/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of place an address is, and who may send us there. Pure.
 *
 * The image's name is an author's text, and so is where its registry sends us (redirects, the place
 * tokens come from). A registry that is asked by name may be a private one; one on the internet
 * sends nobody into the local network, nobody but the name itself leads to this machine, and nothing
 * leads to the addresses of clouds' machine services. */
#ifndef APHD_REGISTRY_ADDRESS_H
#define APHD_REGISTRY_ADDRESS_H

#include <sys/socket.h>

typedef enum aphd_address_t {
    APHD_ADDRESS_NEVER, /* link-local, multicast, unspecified, reserved */
    APHD_ADDRESS_LOOPBACK,
    APHD_ADDRESS_PRIVATE,
    APHD_ADDRESS_PUBLIC
} aphd_address_t;

aphd_address_t aphd_address_of(const struct sockaddr *address);

/* Whether the registry itself may be at an address of that kind. */
int aphd_address_fits_registry(aphd_address_t kind, int named_loopback);

/* Whether a registry at home may send us on to an address of that kind; same_port: it is the port
 * of the registry. */
int aphd_address_fits_hop(aphd_address_t kind, aphd_address_t home, int same_port);

#endif
