/* SPDX-License-Identifier: Apache-2.0 */
/* The table of checks, and how one is run. */
#include "helper/doctor/doctor.h"

static const aphd_check_t checks[] = {
#define APHD_CHECK(name, function, good, cure) {name, function, good, cure},
#include "helper/doctor/checks.def"
#undef APHD_CHECK
};

const aphd_check_t *aphd_checks(size_t *count)
{
    *count = sizeof checks / sizeof checks[0];
    return checks;
}

void aphd_check_run(aphd_doctor_t *doctor, const aphd_check_t *check)
{
    doctor->current = check->name;
    doctor->current_cure = check->cure;
    size_t before = json_array_size(doctor->reports);
    check->look(doctor);
    if (json_array_size(doctor->reports) == before)
        aphd_report(doctor, APHD_OK, NULL, "%s", check->good);
}
