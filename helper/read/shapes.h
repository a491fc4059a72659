/* SPDX-License-Identifier: Apache-2.0 */
/* One function per shape of helper/policy/model.h. Each returns the value of a KEY (new
 * reference), or NULL when the node does not have the shape: the key then becomes "other". None
 * of them judges. */
#ifndef APHD_SHAPES_H
#define APHD_SHAPES_H

#include <jansson.h>

#include "helper/read/compose_normal.h"

json_t *aphd_shape_ports(const aphd_yaml_t *node);
json_t *aphd_shape_mounts(const aphd_yaml_t *node);
json_t *aphd_shape_list(const aphd_yaml_t *node);
json_t *aphd_shape_map(const aphd_yaml_t *node);
json_t *aphd_shape_tree(const aphd_yaml_t *node);
json_t *aphd_shape_env_files(const aphd_yaml_t *node, const aphd_bundle_t *bundle);

/* true or false as YAML 1.1 spells them, quoted or not; NULL for anything else. */
json_t *aphd_shape_flag(const aphd_yaml_t *node);

/* Text of a scalar, or JSON null for what YAML calls null. */
json_t *aphd_shape_scalar(const aphd_yaml_t *node);

#endif
