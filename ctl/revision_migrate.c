/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl revision migrate: one update for each app whose revision is not the active one. */
#include "ctl/revision.h"

apr_status_t aphc_revision_migrate(aphc_context_t *context, const aphc_arguments_t *arguments,
                                   aph_error_t *err)
{
    return aph_error_set(err, APH_EINTERNAL, 2534, "revision migrate is not built yet");
}
