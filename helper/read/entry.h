/* SPDX-License-Identifier: Apache-2.0 */
/* An entry of a catalog: what installs an app, with its questions and texts. Pure; runs in
 * apphost-read. Three forms of text are read, and all of them become one:
 *
 *   apphost   our manifest (docs/manifest.md, catalog/manifest.schema.json)
 *   rockon    a rock-on definition of Rockstor
 *   amahi     an app of Amahi's catalog with its scripts
 *
 * ENTRY, the one form. Every member is always there; null, "" , 0 or an empty list where the text
 * says nothing. All texts are plain (no markup, no control or direction characters).
 *
 *  {"format":"apphost"|"rockon"|"amahi",
 *   "id":S                      1..63 of a-z 0-9 - _ ., begins and ends with a letter or digit; never changes
 *   "revision":N                1..2^31-1, counts up; 0 where the form has none (rockon, amahi)
 *   "version":S                 upstream's, at most 64 octets
 *   "architectures":[S...]      as Go names them ("amd64"); empty: any
 *   "title":S "summary":S "description":S "notes":S "changes":S
 *   "category":S "categories":[S...]           labels, lower case
 *   "icon":URL|null             https
 *   "links":{"website":URL,...} http and https; names: website source documentation support changelog
 *   "was":[ID...]               ids this entry had before
 *   "web":{"service":S,"port":N,"scheme":"http"|"https","path":S,"only":BOOL}|null    null: headless;
 *                               path: where a browser begins, "/..." ; only: the port is the author's
 *                               only way in (nothing else published)
 *   "questions":[QUESTION...]   in the order they are asked
 *   "permissions":[{"id":S,"reason":S}...]     id: of a finding of the policy; why its author wants it
 *   "data":[{"path":REL,"backup":"keep"|"rebuild","text":S}...]
 *   "memory":N                  MiB it will want, 0: unknown
 *   "health":{"path":S,"seconds":N}|null
 *   "credentials":[{"label":S,"user":S,"password":S}...]     to show once; may hold {{words}}
 *   "files":[{"path":REL,"when":"install"|"update"}...]      update: written again by an update
 *   "prepare":S|null            service that runs once, to its end, before the others start
 *   "options":[S...] "kind":S   as of `install --option --kind`
 *   "digests":{REF:"sha256:..."...}            the only digest a reference may have
 *   "deprecated":S|null "advisory":S|null "obsolete":BOOL "automatic_updates":BOOL}
 *
 * QUESTION =
 *  {"id":S                      [a-z][a-z0-9_]{0,39}, unique in the entry
 *   "kind":"port"|"storage"|"device"|"environment"|"custom"
 *   "label":S "text":S "service":S|null        null: custom
 *   "target":S                  port: container's port; storage: absolute path in the container;
 *                               device: path in the container, "" the same as outside;
 *                               environment: the variable; custom: ""
 *   "protocol":"tcp"|"udp"|"both"|null         of a port
 *   "type":"text"|"integer"|"boolean"|"choice"|"secret"
 *   "default":S|null "required":BOOL "choices":[{"value":S,"label":S}...]
 *   "pattern":S|null            POSIX extended, the whole answer has to match
 *   "min":N|null "max":N|null   of an integer; of a text its length in characters
 *   "min_size":N                octets a storage should have free, 0: unknown
 *   "generate":N                characters of a secret apphost makes up where none is given; 0: none
 *   "read_only":BOOL "advanced":BOOL}
 *
 * Placeholders stand in strings of compose, in the text of files, in credentials and notes:
 * {{name}}
 * {{url}} {{host}} {{domain}} {{port}} {{answer.ID}}, replaced in one pass; {{{{ is a {{ that means
 * itself; any other {{ is malformed. A converter of foreign text writes {{{{ for every {{ in it.
 * In a script (Amahi's form) nothing but Amahi's four words is replaced.
 *
 * Answers are one flat object {ID:S...}; booleans are "true" and "false", a storage answer is
 * "LOCATION/folder/below" ("" or absent: a folder of the app's own, unless the question is required), an
 * unanswered optional question leaves its port, device or variable out. An absent answer is the
 * default; secrets are made up by whoever asks, for the reader has no randomness. An answer to no
 * question of the entry is a problem: of kept answers hand over those that its questions ask
 * for. */
#ifndef APHD_ENTRY_H
#define APHD_ENTRY_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/read/reader.h"

/* Reads text of that form. APH_EUNREADABLE names the member and what is wrong with it. *entry: new
 * reference to an ENTRY. */
apr_status_t aphd_entry_read(aphd_entry_form_t form, const char *text, size_t length,
                             json_t **entry, apr_pool_t *p, aph_error_t *err);

/* The same with answers filled in: *applied is
 *   {"entry":ENTRY,
 *    "problems":[{"question":ID,"reason":S}...],   empty: all answers are sound, and then
 *    "script":SCRIPT,                              the normal form of an install script (reader.h), with
 *                                                  ports, mounts, devices and variables of the answers
 *    "storage":[{"question":ID,"service":S,"target":S,"answer":S,"read_only":BOOL}...]
 *                                                  mounts of storage locations: in "script" they are
 *                                                  mounts of type "storage" whose source is the answer
 *    "credentials":[...], "notes":S}               with words filled in; in notes,
 *                                                  which are kept and shown, "(secret)" for each secret
 * answers: borrowed. words has all that a placeholder may name. */
apr_status_t aphd_entry_apply(aphd_entry_form_t form, const char *text, size_t length,
                              const json_t *answers, const aphd_words_t *words, json_t **applied,
                              apr_pool_t *p, aph_error_t *err);

/* rockon_text.c, amahi_text.c: a text of that form as one of ours, a new reference to a manifest's
 * JSON (the "apphost" form), which is then read like any other. */
apr_status_t aphd_rockon_convert(const char *text, size_t length, json_t **manifest, apr_pool_t *p,
                                 aph_error_t *err);
apr_status_t aphd_amahi_convert(const char *text, size_t length, json_t **manifest, apr_pool_t *p,
                                aph_error_t *err);

/* HTML of an author as plain text: elements are dropped, paragraphs and list items become lines,
 * character references become characters; scripts and styles vanish with their text. Lives in p. */
const char *aphd_entry_plain(const char *html, size_t length, apr_pool_t *p);

#endif
