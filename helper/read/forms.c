/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/reader.h"

#include <string.h>

static const char *const names[] = {[APHD_ENTRY_APPHOST] = "apphost",
                                    [APHD_ENTRY_ROCKON] = "rockon",
                                    [APHD_ENTRY_AMAHI] = "amahi"};

const char *aphd_form_name(aphd_entry_form_t form)
{
    return names[form];
}

int aphd_form_find(const char *name, aphd_entry_form_t *form)
{
    *form = APHD_ENTRY_APPHOST;
    for (size_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0) {
            *form = (aphd_entry_form_t)i;
            return 1;
        }
    return 0;
}

aphd_entry_form_t aphd_form_seen(const char *text)
{
    if (strstr(text, "\"install_script\"") != NULL)
        return APHD_ENTRY_AMAHI;
    return strstr(text, "\"apphost\"") != NULL && strstr(text, "\"title\"") != NULL
               ? APHD_ENTRY_APPHOST
               : APHD_ENTRY_ROCKON;
}
