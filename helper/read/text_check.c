/* SPDX-License-Identifier: Apache-2.0 */
/* Well-formed UTF-8 without the characters that make two readers see two texts. */
#include "helper/read/text_check.h"

size_t aphd_text_utf8(const char *text, size_t length, unsigned long *point)
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

int aphd_text_printable(unsigned long point)
{
    if (point == '\n' || point == '\t')
        return 1;
    return point >= 0x20 && !(point >= 0x7F && point <= 0x9F) && point != 0x2028 && point != 0x2029
           && point != 0xFEFF;
}

static const char *name_of(unsigned long point)
{
    switch (point) {
    case '\t':
        return "a tab, which YAML readers understand differently: use blanks";
    case '\r':
        return "a carriage return without a line feed";
    case 0:
        return "a NUL character";
    case 0xFEFF:
        return "a byte order mark: save the file as UTF-8 without it";
    default:
        return "a control character";
    }
}

apr_status_t aphd_text_check(const aphd_foreign_t *foreign, aphd_text_rule_t rule, aph_error_t *err)
{
    const char *text = foreign->text;
    size_t length = foreign->length;
    int line = foreign->first_line;
    for (size_t i = 0; i < length;) {
        unsigned long point = 0;
        size_t step = aphd_text_utf8(text + i, length - i, &point);
        if (step == 0)
            return aph_error_set(err, APH_EUNREADABLE, 401, "line %d: is not UTF-8 text", line);
        int pair = point == '\r' && i + 1 < length && text[i + 1] == '\n';
        int tab_refused = point == '\t' && rule == APHD_TEXT_STRICT;
        if (tab_refused || (!pair && !aphd_text_printable(point)))
            return aph_error_set(err, APH_EUNREADABLE, 402, "line %d: contains %s (U+%04lX)", line,
                                 name_of(point), point);
        line += point == '\n';
        i += step;
    }
    return APR_SUCCESS;
}
