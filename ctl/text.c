/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 by hand, and not by mbrtowc: what is wrong must be shown as wrong and not end the text, and
 * the decoder must not depend on the person's locale. Only widths come from the C library. */
#include "ctl/text.h"

#include <string.h>
#include <wchar.h>

#define ELLIPSIS "\xE2\x80\xA6"

/* One character of a text: its octets as they are to be shown, and its width. */
typedef struct glyph_t {
    const char *octets;
    size_t length;
    int columns;
} glyph_t;

/* Decodes one character; returns the octets it takes in text, with *code the character, or
 * 0xFFFFFFFF for an octet that is no UTF-8. */
static size_t decode(const char *text, unsigned *code)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t more = at[0] < 0x80   ? 0
                  : at[0] < 0xC2 ? 9
                  : at[0] < 0xE0 ? 1
                  : at[0] < 0xF0 ? 2
                  : at[0] < 0xF5 ? 3
                                 : 9;
    *code = 0xFFFFFFFFu;
    if (more == 9)
        return 1;
    static const unsigned char masks[] = {0x7F, 0x1F, 0x0F, 0x07};
    unsigned value = at[0] & masks[more];
    for (size_t i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) /* also the end of the text */
            return 1;
        value = value << 6 | (at[i] & 0x3F);
    }
    static const unsigned lowest[] = {0, 0x80, 0x800, 0x10000};
    if (value < lowest[more] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
        return 1;
    *code = value;
    return more + 1;
}

/* What a terminal would act upon, or a reader could be misled by. */
static int harmful(unsigned code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFFFFFFu || code == 0x200E ||
           code == 0x200F || code == 0x061C || code == 0xFEFF ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           (code >= 0xE0000 && code <= 0xE007F);
}

static size_t next_glyph(const char *text, glyph_t *glyph)
{
    unsigned code;
    size_t taken = decode(text, &code);
    if (code == '\t' || code == '\n') {
        *glyph = (glyph_t){" ", 1, 1};
    } else if (harmful(code)) {
        *glyph = (glyph_t){"?", 1, 1};
    } else {
        int columns = wcwidth((wchar_t)code);
        *glyph = (glyph_t){text, taken, columns < 0 ? 1 : columns};
    }
    return taken;
}

int aphc_text_columns(const char *text)
{
    int columns = 0;
    glyph_t glyph;
    while (*text != '\0') {
        text += next_glyph(text, &glyph);
        columns += glyph.columns;
    }
    return columns;
}

int aphc_text_cut(char *out, size_t size, const char *text, int columns)
{
    int cut = columns > 0 && aphc_text_columns(text) > columns;
    int room = cut ? columns - 1 : columns;
    int used = 0;
    size_t length = 0;
    glyph_t glyph;
    while (*text != '\0') {
        text += next_glyph(text, &glyph);
        if (length + glyph.length + (cut ? sizeof ELLIPSIS : 1) > size)
            break;
        if (columns > 0 && used + glyph.columns > room)
            break;
        memcpy(out + length, glyph.octets, glyph.length);
        length += glyph.length;
        used += glyph.columns;
    }
    if (cut && length + sizeof ELLIPSIS <= size) {
        memcpy(out + length, ELLIPSIS, sizeof ELLIPSIS - 1);
        length += sizeof ELLIPSIS - 1;
        used++;
    }
    if (size > 0)
        out[length] = '\0';
    return used;
}

void aphc_text_print(FILE *file, const char *text)
{
    glyph_t glyph;
    while (*text != '\0') {
        const char *from = text;
        text += next_glyph(text, &glyph);
        if (*from == '\t')
            putc('\t', file);
        else
            fwrite(glyph.octets, 1, glyph.length, file);
    }
}

/* Length and columns of the word that starts at text. */
static size_t next_word(const char *text, int *columns)
{
    size_t length = 0;
    glyph_t glyph;
    *columns = 0;
    while (text[length] != '\0' && strchr(" \t\n", text[length]) == NULL) {
        length += next_glyph(text + length, &glyph);
        *columns += glyph.columns;
    }
    return length;
}

void aphc_text_wrap(FILE *file, const char *text, int columns, int indent)
{
    int used = indent, width, first = 1;
    for (text += strspn(text, " \t\n"); *text != '\0'; text += strspn(text, " \t\n")) {
        size_t length = next_word(text, &width);
        if (!first && columns > 0 && used + 1 + width > columns) {
            fprintf(file, "\n%*s", indent, "");
            used = indent;
        } else if (!first) {
            putc(' ', file);
            used++;
        }
        glyph_t glyph;
        for (size_t at = 0; at < length;) {
            at += next_glyph(text + at, &glyph);
            fwrite(glyph.octets, 1, glyph.length, file);
        }
        used += width;
        text += length;
        first = 0;
    }
}
