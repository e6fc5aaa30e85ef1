/* Fuzz target: the first frame of a Dag processor. What is found in it must be inside it. */

#include "launcher.h"

#include <stdlib.h>

static void check_inside(const uint8_t *data, size_t size, const struct bytes *found) {
    if (found->start < data || found->start > data + size || found->size > (size_t)(data + size - found->start)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    uint8_t *data = malloc(size ? size : 1);
    memcpy(data, input, size);
    struct bytes type, file, answer;
    if (parse_request(data, size, &type, &file)) {
        check_inside(data, size, &type);
        check_inside(data, size, &file);
        if (find_answer(data, size, &type, &answer)) {
            check_inside(data, size, &answer);
        }
    }
    free(data);
    return 0;
}
