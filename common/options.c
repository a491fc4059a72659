/* SPDX-License-Identifier: Apache-2.0 */
/* The list of an app's options. */
#include "common/options.h"

#include <string.h>
#include <strings.h>

static const aph_option_t options[] = {
#define APH_OPTION_ROW(symbol, name, value, place, access, repeats, module, becomes, help)         \
    {name, value, place, access, repeats, module, becomes, help},
#define APH_HEADER_ROW(name, grammar, words)
#include "common/options.def"
#undef APH_OPTION_ROW
#undef APH_HEADER_ROW
};

static const aph_header_t headers[] = {
#define APH_OPTION_ROW(symbol, name, value, place, access, repeats, module, becomes, help)
#define APH_HEADER_ROW(name, grammar, words) {name, grammar, words},
#include "common/options.def"
#undef APH_OPTION_ROW
#undef APH_HEADER_ROW
};

const aph_option_t *aph_options(size_t *count)
{
    *count = sizeof options / sizeof options[0];
    return options;
}

const aph_header_t *aph_option_headers(size_t *count)
{
    *count = sizeof headers / sizeof headers[0];
    return headers;
}

const aph_option_t *aph_option_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
            return &options[i];
    return NULL;
}

const aph_header_t *aph_option_header_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (strlen(headers[i].name) == length && strncasecmp(headers[i].name, name, length) == 0)
            return &headers[i];
    return NULL;
}
