/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 by hand, and not by mbrtowc: what is wrong must be seen as wrong and not end the text, and
 * nothing may depend on a locale. Pure functions. */
#ifndef APH_UTF8_H
#define APH_UTF8_H

#include <stddef.h>

/* Length of the well-formed sequence (RFC 3629: no overlong form, no surrogate) at text, which has
 * length octets; *point receives its code point. 0 where there is none. */
size_t aph_utf8_decode(const char *text, size_t length, unsigned long *point);

/* Makes text valid in place, for JSON, which has no place for anything else: a character that was
 * cut off at the end goes, every other octet that belongs to none becomes '?'. */
void aph_utf8_mend(char *text);

#endif
