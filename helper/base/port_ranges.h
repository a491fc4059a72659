/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of ports as the kernel writes them: "22,8000-8010,35001-35999". */
#ifndef APHD_PORT_RANGES_H
#define APHD_PORT_RANGES_H

/* The first port of first..last that no range of list names; 0 where all are named. Text that is no
 * list names nothing. */
int aphd_port_ranges_gap(const char *list, int first, int last);

#endif
