/* SPDX-License-Identifier: Apache-2.0 */
/* Well-formed UTF-8 without the characters that make two readers see two texts. */
#include "helper/read/text_check.h"

#include "common/utf8.h"

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
        size_t step = aph_utf8_decode(text + i, length - i, &point);
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
