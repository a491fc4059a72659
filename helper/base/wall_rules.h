/* SPDX-License-Identifier: Apache-2.0 */
/* The wall: what the firewall must say so that nothing of an app is reached except through httpd.
 * Pure functions: from what apps run to the rules, and from what the firewall says to what is
 * wrong.
 *
 * Publishing on 127.0.0.1 is no wall. A machine beside this one that has a route to the subnet of
 * an app reaches its containers directly, and one that sends packets for 127.0.0.1 here is helped
 * by the engine's own address translation. So, in table filter, for each new connection that is
 * forwarded:
 *
 *   APPHOST-1a2b3c4d      answers to what apps began pass; an app does not reach link-local
 *                         addresses
 *                         (169.254.169.254 hands out a cloud machine's keys); what goes to an app:
 *   APPHOST-1a2b3c4d-IN   from the app itself: passes; what came in by a port that is open to
 *                         everybody,
 *                         with consent: passes; all else, other apps included: dropped
 *
 * and in table raw, where a packet is before anything trusted its addresses: what claims to come
 * from an app, and did not come from its network, is dropped, and so is what an app sends to
 * 127.0.0.1 (engines that translate it there let the bridge carry it).
 *
 * "Passes" is a RETURN: engine and admin decide about it as if we were not there. Containers keep
 * their way out. IPv6 is no part of this: the networks we make have none.
 *
 * The chain is reached from DOCKER-USER where FORWARD begins with that, else from FORWARD itself,
 * in the first place either way. Another apphost's chain may stand before ours: both are obeyed. */
#ifndef APHD_WALL_RULES_H
#define APHD_WALL_RULES_H

#include <jansson.h>

#include "helper/base/cidr.h"

#define APHD_WALL_CHAIN_MAX 24

/* Of one app: {"subnet":CIDR, "ports":[{"host":N,"protocol":"tcp"|"udp"}...]}, the ports being
 * those open to everybody. model: what compose runs, borrowed. NULL where it has no network of its
 * own. New reference. */
json_t *aphd_wall_app(const json_t *model);

/* The rules as iptables-save prints them, a line each. */
typedef struct aphd_wall_rules_t {
    char chain[APHD_WALL_CHAIN_MAX]; /* also its name in table raw */
    char inner[APHD_WALL_CHAIN_MAX];
    aphd_cidr_t pool;
    char *outer_rules, *inner_rules, *raw_rules; /* malloc'd */
} aphd_wall_rules_t;

/* pool: where apps get their subnets; apps: array of aphd_wall_app, borrowed, the subnets of which
 * may lie elsewhere, from before the pool was changed. 0 when memory ran out. */
int aphd_wall_rules_make(aphd_wall_rules_t *rules, const char *instance, const char *pool,
                         const json_t *apps);
void aphd_wall_rules_clear(aphd_wall_rules_t *rules);

/* What is wrong with a firewall, and where the jump to our chain has to be. */
typedef struct aphd_wall_view_t {
    const char *place;     /* "DOCKER-USER" or "FORWARD" */
    int there, elsewhere;  /* jumps to our chain: from place, from the other of the two */
    int raw_jumps;
    const char *other;     /* the other of the two */
    unsigned absent : 1;   /* there is no chain of ours */
    unsigned differs : 1;  /* its rules are not these */
    unsigned unreached : 1;/* nothing leads to it */
    unsigned late : 1;     /* something comes before it */
    unsigned raw : 1;      /* any of the same about table raw */
    char rival[APHD_WALL_CHAIN_MAX]; /* another apphost's chain that claims a part of the pool, or
                                      * "": each then drops what is inside of the other's apps */
} aphd_wall_view_t;

/* saved: what iptables-save printed. */
void aphd_wall_view(const aphd_wall_rules_t *rules, const char *saved, aphd_wall_view_t *view);

/* Nonzero where nothing is wrong; with_raw: in table raw neither. */
int aphd_wall_stands(const aphd_wall_view_t *view, int with_raw);

/* What iptables-restore --noflush has to be told to get there from view; malloc'd, NULL when memory
 * ran out. Each table changes all at once. */
char *aphd_wall_restore_text(const aphd_wall_rules_t *rules, const aphd_wall_view_t *view,
                             int with_raw);

/* What iptables-restore --noflush has to be told to leave nothing of ours; malloc'd, NULL when
 * memory ran out. saved: what iptables-save printed. */
char *aphd_wall_remove_text(const aphd_wall_rules_t *rules, const char *saved);

#endif
