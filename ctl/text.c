/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of others on a terminal: made harmless, measured, cut. Only widths come from the C
 * library. */
#include "ctl/text.h"

#include <string.h>
#include <wchar.h>

#include "common/utf8.h"

#define ELLIPSIS "\xE2\x80\xA6"

/* One character of a text: its octets as they are to be shown, and its width. */
typedef struct glyph_t {
    const char *octets;
    size_t length;
    int columns;
} glyph_t;

#define NO_UTF8 0xFFFFFFFFu

/* Decodes one character; returns the octets it takes in text, with *code the character, or NO_UTF8
 * for an octet that is none. */
static size_t decode(const char *text, unsigned long *code)
{
    size_t length = aph_utf8_decode(text, strnlen(text, 4), code);
    if (length > 0)
        return length;
    *code = NO_UTF8;
    return 1;
}

/* What a terminal would act upon, or a reader could be misled by. */
static int harmful(unsigned long code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == NO_UTF8 || code == 0x200E ||
           code == 0x200F || code == 0x061C || code == 0xFEFF ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ||
           (code >= 0xE0000 && code <= 0xE007F);
}

static size_t next_glyph(const char *text, glyph_t *glyph)
{
    unsigned long code;
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
