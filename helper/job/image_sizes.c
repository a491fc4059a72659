/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/image_sizes.h"

#include <string.h>

json_int_t aphd_image_disk(json_int_t download)
{
    return download + download / 2 * 5;
}

json_int_t aphd_image_disk_least(json_int_t download)
{
    return 2 * download;
}

static size_t common_beginning(const json_t *ids, const json_t *chain)
{
    size_t at = 0;
    while (at < json_array_size(ids) && at < json_array_size(chain)
           && json_equal(json_array_get(ids, at), json_array_get(chain, at)))
        at++;
    return at;
}

/* How many of the layers, from the lowest on, the engine has. */
static size_t here_already(const json_t *row, const json_t *chains)
{
    const json_t *ids = json_object_get(row, "diff_ids");
    size_t i, most = 0;
    json_t *chain;
    if (json_array_size(ids) != json_array_size(json_object_get(row, "layer_list")))
        return 0;
    json_array_foreach((json_t *)chains, i, chain) {
        size_t common = common_beginning(ids, chain);
        most = common > most ? common : most;
    }
    return most;
}

static void measure(json_t *row, const json_t *chains, json_t *seen)
{
    const json_t *list = json_object_get(row, "layer_list");
    size_t here = here_already(row, chains), i;
    json_int_t all = 0, download = 0;
    json_t *layer;
    json_array_foreach((json_t *)list, i, layer) {
        const char *digest = json_string_value(json_object_get(layer, "digest"));
        json_int_t size = json_integer_value(json_object_get(layer, "size"));
        if (digest == NULL)
            continue;
        all += size;
        if (i >= here && json_object_get(seen, digest) == NULL) {
            download += size;
            json_object_set_new(seen, digest, json_true());
        }
    }
    json_object_set_new(row, "layers", json_integer(all));
    json_object_set_new(row, "download", json_integer(download));
}

json_t *aphd_image_sizes(json_t *images, const json_t *chains)
{
    json_auto_t *seen = json_object();
    json_int_t download = 0, unknown = 0;
    size_t i;
    json_t *row;
    json_array_foreach(images, i, row) {
        int pull = json_is_true(json_object_get(row, "pull"));
        json_object_set_new(row, "layers", json_null());
        json_object_set_new(row, "download", pull ? json_null() : json_integer(0));
        if (pull && json_is_array(json_object_get(row, "layer_list")))
            measure(row, chains, seen);
        else if (pull)
            unknown++;
        download += json_integer_value(json_object_get(row, "download"));
        json_object_del(row, "layer_list");
        json_object_del(row, "diff_ids");
    }
    return json_pack("{s:I, s:I, s:I}", "download", download, "disk", aphd_image_disk(download),
                     "unknown", unknown);
}
