/* SPDX-License-Identifier: Apache-2.0 */
#include "common/utf8.h"

#include <string.h>

size_t aph_utf8_decode(const char *text, size_t length, unsigned long *point)
{
    const unsigned char *octets = (const unsigned char *)text;
    if (length == 0)
        return 0;
    if (octets[0] < 0x80) {
        *point = octets[0];
        return 1;
    }
    size_t need = octets[0] >= 0xF0 ? 4 : octets[0] >= 0xE0 ? 3 : octets[0] >= 0xC2 ? 2 : 0;
    if (need == 0 || need > length || octets[0] > 0xF4)
        return 0;
    unsigned long value = octets[0] & (0xFFu >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if ((octets[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (octets[i] & 0x3Fu);
    }
    /* Overlong forms and surrogates are spellings of something else. */
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < least[need] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *point = value;
    return need;
}

/* Nonzero when text begins a sequence and ends before it is whole. */
static int is_cut_off(const char *text, size_t length)
{
    const unsigned char *octets = (const unsigned char *)text;
    size_t follow = 1;
    while (follow < length && (octets[follow] & 0xC0) == 0x80)
        follow++;
    return octets[0] >= 0xC2 && octets[0] <= 0xF4 && follow == length && length < 4;
}

void aph_utf8_mend(char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        unsigned long point;
        size_t step = aph_utf8_decode(text + at, length - at, &point);
        if (step == 0 && is_cut_off(text + at, length - at)) {
            text[at] = '\0';
            return;
        }
        if (step == 0)
            text[at] = '?';
        at += step != 0 ? step : 1;
    }
}
