/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a catalog, index.json. Pure; runs in apphost-read, after its signature was found
 * good.
 *
 *   {"apphost-catalog":1,              the form of this file
 *    "name":S,                         what its maker calls it, as an id
 *    "version":N,                      1..2^53-1, counts up with every change
 *    "generated":TIME, "expires":TIME, RFC 3339 ("2026-01-31T12:00:00Z"), expires after generated
 *    "entries":[{"id":ID,              1..63 of a-z 0-9 - _ ., begins and ends with a letter or digit
 *                "format":"apphost"|"rockon"|"amahi",
 *                "file":REL,           below the folder of index.json, no component begins with a dot
 *                "sha256":HEX,         64 hexadecimal digits in lower case
 *                "length":N}...]}      1..1 MiB
 *
 * Every member has to be there, and no other may. A text that is not so is refused; but an entry
 * that is not so (an unknown format, a file outside of the folder, ...) is noted, and the others go
 * on:
 *
 *   *normal is the same with times as seconds since 1970, without the first member, and with
 *   "bad":[{"position":N,             of the entry in the list, from 1
 *           "id":ID|null,             null where it has none that is one
 *           "reason":S}...]           printable ASCII, at most 200 octets
 *
 * An id occurs once: where it is there twice, be one of the two bad, nobody knows which is meant,
 * and the text is refused. Two entries may name one file: its own text says whose it is. The list
 * is read one entry at a time, because 64 MiB have to do for all of it (sandbox.c). */
#ifndef APHD_INDEX_TEXT_H
#define APHD_INDEX_TEXT_H

#include <stddef.h>
#include <jansson.h>

#include "common/error.h"

/* *normal: new reference. APH_EUNREADABLE says what is wrong with the text. */
apr_status_t aphd_index_text(const char *text, size_t length, json_t **normal, aph_error_t *err);

#endif
