/* SPDX-License-Identifier: Apache-2.0 */
/* What an install will do, as data: shown before, agreed to by its hash, executed exactly.
 *
 *   {"app_id":N,"name":S,"url":S|null,
 *    "content":{                    everything that is agreed to; the hash covers this and no more
 *       "name":S, "script":HASH, "uninstall_script":HASH|null, "web":BOOL,
 *       "kind":S, "aliases":[HOST...], "options":[S...], "webapp":PATH|null,
 *       "vhost":BOOL                       its own virtual host is enabled, and httpd reloaded
 *       "images":[{"service":S,"ref":S,"pull":BOOL,"id":S|null,"digest":S|null}...],
 *                                          digest: "NAME@sha256:..." that will be pulled; null where
 *                                          nothing is, or the registry does not say
 *       "folders":[{"path":S,"new":BOOL}...], "files":[S...],
 *       "storage":[{"answer":S,"path":ABS,"new":BOOL,"read_only":BOOL,"mounts":[...]}...],
 *       "ports":[{"service":S,"host":N|null,"target":N,"protocol":S,"address":S}...],   null:
 *                                          the web port; "address": policy.h
 *       "entry":S, "revision":SHA256,      of an entry of a catalog; "script" is the hash of its text
 *       "answers":{ID:S|{"secret":"given"|"made"}...},   a secret that was given is covered by the hash
 *       "asked":[FINDING...], "overridden":[FINDING...]},
 *    "because":S                           why it has a virtual host of its own; "" where not
 *    "port":N, "data":S,
 *    "images":[{"service","ref","pull","id","digest",
 *               "octets":N|null                on this machine's disk; null where it is not here
 *               "layers":N|null                of a pull: octets of all its layers, compressed
 *               "download":N|null              of them, those that are neither here nor in an image
 *                                              above; null: unknown
 *               "user":S|null,"puid":S|null,"pgid":S|null   of its configuration
 *               "note":S|null}...]             why its size is unknown
 *    "folders":[{"path","new","writers":[WRITER...]}...]    writers.h
 *    "storage":[...]                       folders in storage locations: storage_plan.h
 *    "needs":{"download":N,"disk":N,"unknown":N,"memory":N|null}   image_sizes.h, plan_needs.h
 *    "machine":{...}, "warnings":[{"id":S,"text":S}...]            plan_needs.h
 *    "asked":[FINDING...], "overridden":[FINDING...],   root overrides these refusals (--allow)
 *    "refused":[FINDING...], "rewritten":[FINDING...],  in full
 *    A finding has "author":S where the entry's author says why.
 *    "entry","revision","version","title","notes":S, "health":{...}|null, "prepare":S|null,
 *    "answers":[{"question","label","kind","value":S|null,"secret":BOOL,"made":BOOL}...]
 *                                          of an entry: helper/read/entry.h. Images have "pinned":BOOL: the
 *                                          entry names the digest
 *    "agreed":[FINDING...]                 of an update: asked for or overridden, as it was before; such a
 *                                          one stands neither in "asked" nor in "overridden"
 *    "update":{...}}                       of an update: update_plan.h; some of it is in "content", too
 *
 * Id, port and the machine's free space may change between showing and doing: they are told, not
 * agreed to. Sizes and users follow from the digest; a tag that was moved meanwhile is another plan,
 * and what is pulled is pulled by the digest that was shown. What is rewritten follows from the script,
 * whose hash is in the content. FINDING is policy.h's; in "content" without value, reason and
 * terms, which may name the port. What was agreed to is asked again where anything of it but its line is
 * another. */
#ifndef APHD_PLAN_H
#define APHD_PLAN_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/policy/policy.h"

#define APHD_HASH_TEXT 65 /* sha256 in hexadecimal, with NUL */

typedef struct aphd_plan_in_t {
    const char *name;
    const char *script;
    const char *uninstall_script; /* or NULL */
    const char *url;              /* or NULL: headless */
    json_t *site;                 /* kind, aliases, options, webapp, vhost; borrowed */
    const char *because;
    const char *data_dir;
    int app_id;
    int port;
    const aphd_policy_result_t *policy;
    const json_t *agreed;         /* FINDINGs that were consented to before; NULL: an install */
    json_t *files;                /* array of paths; borrowed */
    json_t *folders, *images, *needs, *machine; /* as in the plan; borrowed */
    json_t *storage;              /* the same; NULL: none */
} aphd_plan_in_t;

/* *plan: new reference. */
apr_status_t aphd_plan_make(const aphd_plan_in_t *in, json_t **plan, aph_error_t *err);

/* The hash of the plan's content, and of secrets that are agreed to and not shown (borrowed, or NULL). */
apr_status_t aphd_plan_hash(const json_t *plan, const json_t *secrets, char hash[APHD_HASH_TEXT],
                            aph_error_t *err);

/* The findings with that verdict ("ask"; "overridden" is one of its own) as one sentence: "ports.2224/tcp (line 12: why), ...".
 * Lives in p; "" where there is none. */
const char *aphd_plan_list(const json_t *findings, const char *verdict, apr_pool_t *p);

#endif
