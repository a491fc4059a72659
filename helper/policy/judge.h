/* SPDX-License-Identifier: Apache-2.0 */
/* What the judges of keys.def share: where they stand, how they report, and what they write into.
 *
 * A judge looks at one key of one section. It adds findings, and puts into `out` *our own* value
 * for what it lets pass; a key whose judge writes nothing does not exist for compose. Judges run
 * in this order: top, networks, volumes, configs, secrets, services; ports are settled when all
 * services were seen. */
#ifndef APHD_JUDGE_H
#define APHD_JUDGE_H

#include <jansson.h>

#include "helper/policy/model.h"
#include "helper/policy/policy.h"

#define APHD_CONTENT_MAX 65536 /* octets of a config, a secret, or a mounted file with a text */

typedef struct aphd_judge_t {
    const aphd_policy_site_t *site;
    aphd_policy_result_t *result;
    const json_t *compose; /* the whole normal form, checked */
    json_t *networks;      /* names the author declared: name -> null */
    json_t *volumes;       /* name -> what is rendered for it */
    json_t *contents;      /* "configs.NAME", "secrets.NAME" -> {"path":REL} below data_dir */
    json_t *published;     /* what services publish, until aphd_ports_settle; see judge_ports.c */
    json_t *edges;         /* service -> [services it needs] */
    json_t *proxy;         /* whom a store's own proxy would have asked, or NULL; see proxy.c */
    int store_port;        /* the published port a store calls the web page; 0: it names none */
    int failed;            /* memory ran out somewhere; the outcome is void */
    int denied;            /* how many refusals so far, overridden ones not counted */

    /* Where the judge stands. */
    const char *section; /* "services", ...; "" at the top */
    const char *name;    /* of the service, network, ...; NULL at the top */
    json_t *out;         /* rendered object of that section; NULL at the top */
    int has_content;     /* the mount at hand is a file with a text */
    int may_regain;      /* no-new-privileges was overridden for the service at hand */
    const char *key;
    int line;
    const char *shape;
    const json_t *value; /* variables excluded, $$ already read as $ */
    const char *reason;  /* of the row */

    /* Of a key below that key (parts.c); NULL otherwise. */
    const json_t *leaf;
    const char *text; /* its value; "" for null */
    const char *part; /* its path, for people */
    json_t *made;     /* object the parts of one key fill for the judge of the key */
} aphd_judge_t;

typedef void (*aphd_judge_cb)(aphd_judge_t *j);

/* Adds a finding about `what` (a piece of the value; NULL: the key itself) at line. rule is a
 * short word for programs, the rest a sentence for people. Its id is NAME.KEY.WHAT, or WHAT with
 * its key alone where the subject belongs to the whole app (aphd_find_app). */
void aphd_find(aphd_judge_t *j, aphd_verdict_t verdict, int line, const char *what,
               const char *rule, const char *format, ...) __attribute__((format(printf, 6, 7)));
void aphd_find_app(aphd_judge_t *j, aphd_verdict_t verdict, int line, const char *what,
                   const char *rule, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The same for a refusal that root may override: rule stands in common/rules.def. Nonzero when it
 * is overridden for this app; the judge then writes what it would have refused. */
int aphd_override(aphd_judge_t *j, int line, const char *what, const char *rule,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Says of the finding that was added last what its value and reason leave out, and what is agreed
 * to with it: its "terms". */
void aphd_terms(aphd_judge_t *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The finding about a key that has no row; path as people write it. */
void aphd_find_unknown(aphd_judge_t *j, const char *path);

/* Hands each leaf of the tree at hand to the judge of its row. */
void aphd_judge_parts(aphd_judge_t *j, aphd_section_t section);

/* Judges one "name: text" that list's own form has no member for. Zero when it was refused. */
int aphd_judge_option(aphd_judge_t *j, aphd_section_t section, const char *list, const char *name,
                      const char *text);

/* Puts value (stolen) into the rendered section under key. */
void aphd_put(aphd_judge_t *j, const char *key, json_t *value);

/* Adds value (stolen) to the rendered list under key. */
void aphd_put_item(aphd_judge_t *j, const char *key, json_t *value);

/* Members of normal-form rows. */
const char *aphd_text(const json_t *row, const char *member); /* NULL for JSON null */
int aphd_line(const json_t *row);

/* Whether a leaf of a tree has this path: words joined by dots; * is any key, # any place in a
 * list, and a last ** whatever follows, also nothing. */
int aphd_leaf_is(const json_t *leaf, const char *pattern);
const char *aphd_leaf_key(const json_t *leaf, size_t depth); /* NULL when it is a place in a list */
int aphd_leaf_place(const json_t *leaf, size_t depth);       /* -1 when it is a key */

/* Whether the file declares a service of that name. */
int aphd_service_exists(const aphd_judge_t *j, const char *name);

/* Records that the service at hand starts after `other`. */
void aphd_needs(aphd_judge_t *j, const char *other);

/* Mounts path (clean, below data_dir) where row says (target, read_only), and lists it in
 * result->binds. */
void aphd_mount_folder(aphd_judge_t *j, const json_t *row, const char *path);

/* A mount of type "storage", and what all of them are to those of other apps (judge_storage.c). */
void aphd_judge_storage(aphd_judge_t *j, const json_t *row);
void aphd_storage_settle(aphd_judge_t *j);

/* Asks for the machine's graphics processors, if a part of the key at hand wanted some, and renders
 * the request. */
void aphd_put_gpus(aphd_judge_t *j);

/* Decides which published port is the web page, and renders all of them (judge_ports.c). */
void aphd_ports_settle(aphd_judge_t *j);

/* Refuses folders through which one container could redirect what another mounts
 * (judge_mounts.c). */
void aphd_binds_settle(aphd_judge_t *j);

/* Names of all services, each after those it needs; a circle is a finding (order.c). */
void aphd_order_settle(aphd_judge_t *j);

/* Whether a service is no program but a place for the proxy of the store that wrote the file
 * (proxy.c): it is left out, and nobody can need it. */
int aphd_is_proxy(const json_t *service);
int aphd_has_proxy(const aphd_judge_t *j);

/* Takes down whom the proxy at hand, judged and in j->out, would ask; then, when all services were
 * seen, says who that is and gives all the names the store knows them by. */
void aphd_proxy_note(aphd_judge_t *j, int line);
void aphd_proxy_settle(aphd_judge_t *j);

/* Publishes the web page the proxy would have asked, unless its author did, and returns the port of
 * this machine that stands for it; 0: there is none. */
int aphd_proxy_publish(aphd_judge_t *j);

/* Gives a rendered service one more name on the app's network. Zero when memory ran out. */
int aphd_alias_add(json_t *service, const char *alias);

/* Turns links into aliases and dependencies on the app's own network (links.c). */
void aphd_links_settle(aphd_judge_t *j);

#define APHD_KEY(section, key, shape, verdict, judge, reason) void judge_##judge(aphd_judge_t *j);
#define APHD_PART(section, path, verdict, judge, reason)      void judge_##judge(aphd_judge_t *j);
#include "helper/policy/keys.def"
#undef APHD_KEY
#undef APHD_PART

#endif
